import { describe, expect, it } from "vitest";
import * as z from "zod";
import { keysOf, namesOf } from "../../../shared/domain/address.ts";
import { keyedOf, signalsOf } from "../../../shared/domain/parts.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { Story } from "./story.ts";

const DAY = 86_400_000;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({ orderId: z.string() }) });
const input = { orderId: "o-1" };
const options = {
  output: z.int(),
  timeout: "30 days",
  key: ({ input: { orderId } }: { readonly input: typeof input }) => orderId,
} as const;
const paid = order.waitFor("paid", options).step("ship", () => 1);
const taken = [{ name: "paid", key: "o-1" }];

describe("a node that waits by a key", () => {
  it("stores it before its deadline, and awaits its signals by it", () => {
    const { rows, sleeps, fate } = new Story(paid, input).round();
    expect(rows).toMatchObject([{ path: "paid/~key", position: 0, attempt: 0, output: "o-1" }]);
    expect(sleeps).toMatchObject([{ path: "paid/~until/00000" }]);
    expect(fate).toEqual({ kind: "park", delayMs: 30 * DAY, names: ["paid o-1"] });
  });

  it("asks its author once, also where the code has changed since or has none any more", () => {
    const story = new Story(paid, input);
    story.round();
    for (const now of [
      order.waitFor("paid", { ...options, key: () => "other" }),
      order.waitFor("paid", { output: z.int(), timeout: "1 day" }),
    ]) {
      const later = new Story(
        now.step("ship", () => 1),
        input,
      );
      Object.assign(later.stored.outputs, story.stored.outputs);
      Object.assign(later.stored.notBefore, story.stored.notBefore);
      expect(later.claim().round().fate).toMatchObject({ names: ["paid o-1"] });
    }
  });

  it("takes a signal however it was sent, also one that was there before, and needs no key then", () => {
    const story = new Story(paid, input).send("paid", 5).hear();
    expect(story.round().rows).toMatchObject([{ path: "paid", output: 5 }]);
  });

  it("awaits each of several by it, and of all those that have not come", () => {
    const any = order.waitFor("answer", { any: { yes: z.null(), no: z.null() }, timeout: "1 day", key: options.key });
    expect(new Story(any, input).round().fate).toMatchObject({ names: ["yes o-1", "no o-1"] });
    const story = new Story(
      order.waitFor("papers", { all: { visa: z.string(), pass: z.string() }, timeout: "1 day", key: options.key }),
      input,
    );
    story.round();
    expect(story.send("visa", "v").claim().round().fate).toMatchObject({ names: ["pass o-1"] });
  });

  it("times out by it", () => {
    const story = new Story(paid, input);
    story.round();
    expect(
      story
        .pass(30 * DAY)
        .claim()
        .round(),
    ).toMatchObject({ timedOut: ["paid o-1"], fate: { kind: "failed", error: { name: "SignalTimeoutError" } } });
  });

  it("fails where another run has it, without waiting anew, and a redrive waits once that has not", () => {
    const story = new Story(paid, input);
    story.round();
    const lost = story.claim().hear(["paid"], taken).round();
    expect(lost.fate).toMatchObject({
      kind: "failed",
      error: { name: "SignalKeyTakenError", message: expect.stringContaining('the key "o-1"') },
    });
    const still = story.redrive().hear(["paid"], taken).round();
    expect([still.sleeps, still.fate]).toMatchObject([[], { kind: "failed" }]);
    expect(story.redrive().round().fate).toMatchObject({ kind: "park", names: ["paid o-1"] });
  });

  it("goes on where another run has the key of another name, and knows what was lost after it took a message", () => {
    const both = order.all("both", {
      one: (chain) => chain.waitFor("paid", options),
      other: (chain) => chain.waitFor("sent", { ...options }),
    });
    const story = new Story(both, input);
    story.round();
    const next = story
      .send("sent", 1)
      .claim()
      .hear(["paid", "sent"], [{ name: "paid", key: "o-2" }])
      .round();
    expect(next.fate).toMatchObject({ kind: "park", names: ["paid o-1"] });
    const other = new Story(both, input);
    other.round();
    expect(other.send("sent", 1).claim().hear(["paid", "sent"], taken).round().fate).toMatchObject({ kind: "failed" });
  });

  it.each([
    ["a promise", () => Promise.resolve("o-1"), "its key returned a promise"],
    ["nothing", () => undefined, "its key is undefined: use 1 to 255 visible ASCII characters"],
    ["an empty text", () => "", 'its key is "": use'],
    ["a text of 256 characters", () => "x".repeat(256), "use 1 to 255"],
    ["a text with a space", () => "o 1", 'its key is "o 1"'],
    ["what it throws", () => Promise.reject(new Error("x")), "returned a promise"],
    [
      "an error",
      () => {
        throw new Error("no order");
      },
      "no order",
    ],
  ])("fails for good by a key that is %s, and is asked again by a redrive", (_what, key, problem) => {
    const story = new Story(order.waitFor("paid", { ...options, key: key as never }), input);
    expect(story.round().fate).toMatchObject({ kind: "failed", error: { message: expect.stringContaining(problem) } });
    expect(story.redrive().round().fate).toMatchObject({ kind: "failed" });
  });

  it("says of which signals they may be sent so, wherever it is; and sees the run's input alone", () => {
    const below = order.map("m", { over: () => [1, 2] }, (chain) =>
      chain.all("x", {
        a: (one) => one.waitFor("paid", { ...options, key: (state) => Object.keys(state).join() }),
        b: (one) => one.waitFor("sent", { output: z.int(), timeout: "1 day" }),
      }),
    );
    expect([[...keyedOf(below.nodes).keys()], [...signalsOf(below.nodes).keys()]]).toEqual([["paid"], ["paid", "sent"]]);
    expect(new Story(below, input).round().fate).toMatchObject({ names: ["paid input", "sent", "paid input", "sent"] });
  });

  it("refuses a key that is no function", () => {
    expect(() => order.waitFor("paid", { ...options, key: "o-1" as never })).toThrow("its key is no function");
  });
});

describe("what a node awaits", () => {
  it("is a name, or a name and a key, which may have slashes", () => {
    const addresses = ["paid", "paid a/b", "sent x"];
    expect(namesOf(addresses)).toEqual(["paid", "sent"]);
    expect(keysOf(addresses)).toEqual([
      { name: "paid", key: "a/b" },
      { name: "sent", key: "x" },
    ]);
  });
});

describe("a walk", () => {
  it("takes a node with a key as one without", async () => {
    expect((await walk(paid, input, { signals: { paid: [5] } })).state).toMatchObject({ paid: 5 });
  });
});
