import { describe, expect, it } from "vitest";
import * as z from "zod";
import { stateOf, waitsForSignals } from "../../../shared/domain/run.ts";
import { createRegistry } from "../../../shared/domain/registry.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { again, Story } from "./story.ts";

const DAY = 86_400_000;
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const Payment = z.object({ cents: z.int() });
const paid = order.waitFor("paid", { output: Payment, timeout: "30 days" }).step("ship", ({ paid: { cents } }) => cents);
const maybe = order.waitFor("paid", { output: Payment, timeout: "30 days", onTimeout: "continue" }).step("ship", ({ paid: of }) => of);
const Accepted = z.object({ by: z.string() });
const any = order.waitFor("answer", { any: { accepted: Accepted, declined: z.null() }, timeout: "7 days" }).step("after", () => 1);
const all = order.waitFor("papers", { all: { passport: z.string(), visa: z.string() }, timeout: "7 days" });

describe("a node that waits for a signal", () => {
  it("stores until when, and parks for its name", () => {
    const { sleeps, rows, fate } = new Story(paid, {}).round();
    expect(rows).toEqual([]);
    expect(sleeps).toEqual([{ path: "paid/~until/00000", position: 0, attempt: 0, durationMs: 30 * DAY }]);
    expect(fate).toEqual({ kind: "park", delayMs: 30 * DAY, names: ["paid"] });
  });

  it("has the payload as its output, takes the message with the row that holds it, and goes on in the same round", () => {
    const story = new Story(paid, {});
    story.round();
    const { rows, consumed, starts } = story.send("paid", { cents: 5 }).pass(DAY).claim().round();
    expect(rows).toMatchObject([{ path: "paid", attempt: 1, output: { cents: 5 } }]);
    expect([consumed, starts.map(({ path }) => path)]).toEqual([[1], ["ship"]]);
    expect(story.sees("ship")).toEqual({ input: {}, paid: { cents: 5 } });
  });

  it("takes one that came before it was reached, and stores no deadline then", () => {
    const story = new Story(paid, {}).send("paid", { cents: 5 }).claim();
    expect(story.round()).toMatchObject({ sleeps: [], consumed: [1], starts: [{ path: "ship" }] });
  });

  it("waits on through signals of other names, and early looks", () => {
    const story = new Story(paid, {});
    story.round();
    const { rows, fate } = story.send("refunded").pass(DAY).claim().round();
    expect([rows, fate]).toEqual([[], { kind: "park", delayMs: 29 * DAY, names: ["paid"] }]);
  });

  it("computes how long from the state, once", () => {
    let calls = 0;
    const computed = order
      .step("days", () => 2)
      .waitFor("paid", { output: Payment, timeout: ({ days }) => (calls++, `${days} days` as const) });
    const story = new Story(computed, {});
    story.round();
    expect(story.round({ days: 3 }).fate).toMatchObject({ delayMs: 3 * DAY });
    story.pass(DAY).claim().round();
    expect(calls).toBe(1);
  });

  it("whose timeout throws or is none fails for good", () => {
    for (const timeout of [() => "soon" as never, () => Promise.resolve("1 day") as never]) {
      const story = new Story(order.waitFor("paid", { output: Payment, timeout }), {});
      expect(story.round()).toMatchObject({ failures: [{ path: "paid", attempt: 1, delayMs: null }], fate: { kind: "failed" } });
    }
  });

  it("takes a payload away that its schema refuses, notes it as a failed attempt, and waits on until its deadline", () => {
    const story = new Story(paid, {});
    story.round();
    const wrong = story.send("paid", { cents: "five" }).pass(DAY).claim().round();
    expect(wrong).toMatchObject({ consumed: [1], rows: [], sleeps: [], fate: { kind: "park", delayMs: 29 * DAY, names: ["paid"] } });
    expect(wrong.failures).toMatchObject([{ path: "paid", attempt: 1, delayMs: 0, error: { name: "SignalRefusedError" } }]);
    expect(story.send("paid", { cents: 5 }).claim().round()).toMatchObject({ consumed: [2], starts: [{ path: "ship" }] });
  });

  it("whose schema is asynchronous fails, and takes nothing away", () => {
    const later = order.waitFor("paid", { output: Payment.refine(async () => true), timeout: "1 day" });
    expect(new Story(later, {}).send("paid", { cents: 1 }).claim().round()).toMatchObject({ consumed: [], fate: { kind: "failed" } });
  });
});

describe("a wait whose time is over", () => {
  it("fails the run, and says on what that rests; a redrive waits as long again", () => {
    const story = new Story(paid, {});
    story.round();
    const over = story
      .pass(30 * DAY)
      .claim()
      .round();
    expect(over).toMatchObject({ timedOut: ["paid"], fate: { kind: "failed", error: { name: "SignalTimeoutError" } } });
    const redriven = story.pass(DAY).redrive().round();
    expect(redriven).toMatchObject({ sleeps: [{ path: "paid/~until/00001" }], fate: { kind: "park", delayMs: 30 * DAY } });
    expect(story.send("paid", { cents: 1 }).claim().round().starts).toMatchObject([{ path: "ship" }]);
  });

  it("goes on with null where it may", () => {
    const story = new Story(maybe, {});
    story.round();
    const over = story
      .pass(30 * DAY)
      .claim()
      .round();
    expect(over).toMatchObject({ timedOut: ["paid"], rows: [{ path: "paid", output: null }], starts: [{ path: "ship" }] });
  });

  it("takes a signal that came just before, instead", () => {
    const story = new Story(maybe, {});
    story.round();
    const { rows, timedOut } = story
      .send("paid", { cents: 5 })
      .pass(30 * DAY)
      .claim()
      .round();
    expect([rows[0]!.output, timedOut]).toEqual([{ cents: 5 }, []]);
  });

  it("asks first what has come since its poller was told, while something else of its run goes on", () => {
    const beside = order.all("sides", {
      wait: (chain) => chain.waitFor("paid", { output: Payment, timeout: "1 minute", onTimeout: "continue" }),
      work: (chain) => chain.step("long", () => 1).step("more", () => 2),
    });
    const story = new Story(beside, {});
    expect(story.claim().round().fate).toMatchObject({ kind: "stay", asks: { names: ["paid"], overdue: undefined } });
    story.send("paid", { cents: 5 }).pass(60_000);
    const asking = story.round();
    expect(asking).toMatchObject({ rows: [], timedOut: [], fate: { kind: "stay", asks: { names: ["paid"], overdue: story.now } } });
    expect(story.hear().round()).toMatchObject({ rows: [{ path: "sides/wait/paid", output: { cents: 5 } }], timedOut: [] });
    expect(story.round({ "sides/work/long": 1 }).fate).toEqual({ kind: "stay", wait: undefined, asks: undefined });
  });

  it("stores what others of its run do meanwhile, whose backoffs and sleeps do not end it", () => {
    const beside = order.all("sides", {
      wait: (chain) => chain.waitFor("paid", { output: Payment, timeout: "1 hour" }),
      work: (chain) => chain.step("flaky", { retry: { maxAttempts: 3, backoff: "10 seconds", jitter: "none" } }, () => 1),
    });
    const story = new Story(beside, {});
    story.claim().round();
    const back = story.round({ "sides/work/flaky": again });
    expect(back.fate).toMatchObject({ kind: "park", names: ["paid"] });
    expect(
      story
        .pass(10 * 60_000)
        .claim()
        .round().starts,
    ).toMatchObject([{ path: "sides/work/flaky" }]);
  });
});

describe("waits of several branches", () => {
  it("are known by all of their names", () => {
    const branch = (name: "a" | "b") => (chain: typeof order) => chain.waitFor(name, { output: z.json(), timeout: "1 day" });
    const story = new Story(order.all("sides", { one: branch("a") as never, two: branch("b") as never }), {});
    expect(story.round().fate).toMatchObject({ kind: "park", names: ["a", "b"] });
    expect(story.send("b", 1).claim().round()).toMatchObject({ consumed: [1], fate: { kind: "park", names: ["a"] } });
  });

  it("keep what failed below one of them as a fact of another shape", () => {
    const story = new Story(paid, {});
    story.stored.failures["paid/other"] = 1;
    expect(story.again().chain.stray).toBe("paid/other");
  });
});

describe("a wait for several signals", () => {
  it("with any takes the one that came first, and leaves the other for a later wait", () => {
    const story = new Story(any, {});
    expect(story.round().fate).toMatchObject({ names: ["accepted", "declined"] });
    const { rows, consumed } = story.send("declined").send("accepted", { by: "Ada" }).claim().round();
    expect([rows[0]!.output, consumed]).toEqual([{ name: "declined", payload: null }, [1]]);
    expect(story.letters).toMatchObject([{ name: "accepted" }]);
  });

  it("with all stores each as it comes, awaits the rest, and is an object by name", () => {
    const story = new Story(all, {});
    story.round();
    const first = story.send("visa", "v").claim().round();
    expect(first).toMatchObject({ rows: [{ path: "papers/visa", output: "v" }], fate: { kind: "park", names: ["passport"] } });
    const last = story.send("visa", "w").send("passport", "p").claim().round();
    expect(last).toMatchObject({ rows: [{ path: "papers", output: { passport: "p", visa: "v" } }], consumed: [3], fate: { kind: "done" } });
    expect(stateOf(story.run)["papers"]).toEqual({ passport: "p", visa: "v" });
  });

  it("takes messages of one name in the order in which they came, one for each node that waits", () => {
    const twice = order.repeat("asked", { max: 3, until: ({ last }) => last.note === 2 }, (chain) =>
      chain.waitFor("answer", { output: z.int(), timeout: "1 day" }).step("note", ({ answer }) => answer),
    );
    const story = new Story(twice, {}).send("answer", 1).send("answer", 2).claim();
    expect(story.round().consumed).toEqual([1]);
    const next = story.round({ "asked/00000/note": 1 });
    expect([next.consumed, next.fate]).toEqual([[], { kind: "park", delayMs: DAY, names: ["answer"] }]);
    expect(story.claim().round().consumed).toEqual([2]);
  });
});

describe("what is said of a wait", () => {
  it.each([
    [{ output: Payment }, "it has no timeout"],
    [{ output: Payment, timeout: "1 day", onTimeout: "retry" }, "its onTimeout"],
    [{ timeout: "1 day" }, "not exactly one way"],
    [{ output: Payment, any: { a: Payment }, timeout: "1 day" }, "not exactly one way"],
    [{ any: {}, timeout: "1 day" }, "it waits for no signal"],
    [{ any: { "A b": Payment }, timeout: "1 day" }, "has no name that can be sent"],
    [{ all: { a: 1 }, timeout: "1 day" }, "has no schema"],
    [{ output: Payment, timeout: "soon" }, "is not a duration"],
    [{ output: Payment, timeout: "1 day", retry: {} }, '"retry" is not an option of a waitFor'],
  ])("%j is refused: %s", (options, problem) => {
    expect(() => order.waitFor("paid", options as never)).toThrow(problem);
  });

  it("stands in the manifest: a claim reads the mail of its runs, wherever the node is", () => {
    const below = order.map("m", { over: () => [1] }, (chain) =>
      chain.all("x", { a: (one) => one.waitFor("paid", { output: Payment, timeout: "1 day" }) }),
    );
    const [waiting] = createRegistry([below], { pollerTimeoutMs: 300_000 }).manifest();
    expect(waiting).toMatchObject({ shape: "map:m(all:x(a=waitFor:paid))", waits: true });
    expect(createRegistry([order.step("a", () => 1)], { pollerTimeoutMs: 300_000 }).manifest()[0]).not.toHaveProperty("waits");
    expect([any, all].map((of) => createRegistry([of], { pollerTimeoutMs: 300_000 }).manifest()[0]!.shape)).toEqual([
      "waitFor:answer(any=accepted,declined)|step:after",
      "waitFor:papers(all=passport,visa)",
    ]);
  });

  it("is known of a run: who sends must know for which signals it waits", () => {
    expect(waitsForSignals(new Story(paid, {}).run)).toBe(true);
    expect(
      waitsForSignals(
        new Story(
          order.step("a", () => 1),
          {},
        ).run,
      ),
    ).toBe(false);
  });

  it("makes a row of another shape block its run", () => {
    for (const path of ["paid/~until", "paid/other", "paid/~until/1"]) {
      const story = new Story(paid, {});
      story.stored.outputs[path] = 1;
      expect(story.again().chain.stray ?? path).toBe(path);
    }
  });
});

describe("a walk", () => {
  it("hands signals over that are given to it, and jumps to the deadline where none is", async () => {
    expect((await walk(paid, {}, { signals: { paid: [{ cents: 5 }] } })).output).toBe(5);
    expect((await walk(maybe, {})).output).toBeNull();
    await expect(walk(paid, {})).rejects.toThrow("no signal came of: paid");
    await expect(walk(paid, {}, { signals: { paid: [{ cents: "x" }] } })).rejects.toThrow("whose payload its schema refuses");
  });
});
