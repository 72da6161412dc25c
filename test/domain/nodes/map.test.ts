import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Json } from "../../../shared/domain/json.ts";
import { createRun, stateOf, unknownPath } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { again, final, finalOf, Story } from "./story.ts";
import { sceneOf } from "../scene.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.object({ items: z.array(z.json()) }) });
const over = ({ input }: { readonly input: { readonly items: readonly Json[] } }) => input.items;
const path = (index: number, node = "encode") => `m/${String(index).padStart(5, "0")}/${node}`;
const inputOf = (count: number) => ({ items: Array.from({ length: count }, (_, n) => n) });
const plain = (more: object = {}) =>
  order.map("m", { over, concurrency: 2, ...more }, (chain) => chain.step("encode", () => 1)).step("after", () => 1);
const begin = (count: number, more: object = {}) => {
  const story = new Story(plain(more), inputOf(count));
  story.round();
  return story;
};

describe("a map", () => {
  it("has its chain in its shape, and room in its paths for an index", () => {
    expect(plain().nodes[0]).toMatchObject({ shape: "map:m(step:encode)", timeoutsMs: [30_000], pathBytes: "m/00000/encode".length });
  });

  it("stores its list, and begins as many items as may be out at once", () => {
    const story = new Story(plain(), inputOf(3));
    expect(story.round()).toMatchObject({
      rows: [{ path: "m", position: 0, attempt: 0, output: { items: [0, 1, 2] } }],
      starts: [{ path: path(0) }, { path: path(1) }],
    });
    expect(story.round({ [path(1)]: "b" }).starts).toMatchObject([{ path: path(2) }]);
  });

  it("begins 10 at once unless it says otherwise", () => {
    const story = new Story(
      order.map("m", { over }, (chain) => chain.step("encode", () => 1)),
      inputOf(11),
    );
    expect(story.round().starts).toHaveLength(10);
  });

  it("shows each item beside what is around it, and its index", () => {
    const story = begin(2);
    expect(story.sees(path(1))).toEqual({ input: inputOf(2), item: 1, index: 1 });
  });

  it("asks for its list once: what is stored is the list, whatever the function would say today", () => {
    let list = [1];
    const fickle = order.map("m", { over: () => list }, (chain) => chain.step("encode", () => 1));
    const story = new Story(fickle, inputOf(0));
    story.round();
    list = [1, 2];
    expect(story.claim().round().starts).toMatchObject([{ path: path(0) }]);
  });

  it("comes to what each item came to, in the order of the list, in whichever they were over", () => {
    const story = begin(3, { concurrency: 3 });
    story.round({ [path(2)]: "c" });
    story.round({ [path(0)]: "a" });
    expect(story.round({ [path(1)]: "b" }).starts).toMatchObject([{ path: "after" }]);
    expect(stateOf(story.run)["m"]).toEqual(["a", "b", "c"]);
  });

  it("of an empty list is over at once, with an empty list", () => {
    const story = new Story(plain(), inputOf(0));
    expect(story.round()).toMatchObject({ rows: [{ path: "m" }], starts: [{ path: "after" }] });
    expect(stateOf(story.run)["m"]).toEqual([]);
  });

  it("waits with one item without keeping the others from going on", () => {
    const sleepy = order.map("m", { over, concurrency: 2 }, (chain) =>
      chain.choose("kind", ({ index }) => (index === 0 ? "slow" : "fast"), {
        slow: (arm) => arm.sleep("wait", "1 hour"),
        fast: (arm) => arm.step("go", () => 1),
      }),
    );
    const story = new Story(sleepy, inputOf(3));
    expect(story.round()).toMatchObject({ sleeps: [{ path: path(0, "kind/slow/wait") }], starts: [{ path: path(1, "kind/fast/go") }] });
    story.round({ [path(1, "kind/fast/go")]: 1 });
    expect(story.round({ [path(2, "kind/fast/go")]: 1 }).fate).toEqual({ kind: "park", delayMs: 3_600_000 });
    expect(story.pass(3_600_000).claim().round()).toMatchObject({ fate: { kind: "done" } });
  });

  it("retries an item by its own policy", () => {
    const story = begin(2);
    expect(story.round({ [path(0)]: again })).toMatchObject({ failures: [{ path: path(0), attempt: 1 }] });
    expect(story.claim().round().starts).toMatchObject([
      { path: path(0), attempt: 2 },
      { path: path(1), attempt: 1 },
    ]);
  });

  it("knows its list, its items and their nodes alone", () => {
    const unknown = (outputs: Record<string, Json>) =>
      unknownPath(createRun({ id: "run-1", workflow: plain(), input: inputOf(1), outputs }), outputs);
    const list = { m: { items: [1] } };
    expect(unknown({ ...list, [path(0)]: 1 })).toBeUndefined();
    for (const foreign of ["m/0/encode", "m/00000", "m/00000/other", "m/~fold", "m/~fold/0", "m/first/encode", "m/00001/encode"])
      expect(unknown({ ...list, [foreign]: 1 })).toBe(foreign);
    expect(unknown({ [path(0)]: 1 })).toBe(path(0));
    expect(unknown({ m: 5 })).toBe("m");
    expect(unknown({ m: null })).toBe("m");
    const twoSteps = order.map("m", { over }, (chain) => chain.step("encode", () => 1).step("publish", () => 1));
    const outputs = { m: { items: [1] }, [path(0, "publish")]: 1 };
    expect(unknownPath(createRun({ id: "run-1", workflow: twoSteps, input: inputOf(1), outputs }), outputs)).toBe(path(0, "publish"));
  });

  it("may begin an item of which nothing is stored before one of which something is", () => {
    const run = createRun({ id: "run-1", workflow: plain(), input: inputOf(3), outputs: { m: inputOf(3), [path(1)]: 1 } });
    const { moves } = run.chain.look(sceneOf(() => stateOf(run)));
    expect(moves).toMatchObject([{ path: path(0) }, { path: path(2) }]);
  });
});

describe("the list of a map", () => {
  it("may have 10,000 items", () => {
    const story = new Story(plain(), inputOf(10_000));
    expect(story.round().starts).toHaveLength(2);
  });

  it.each([
    [
      "of 10,001 items",
      () => inputOf(10_001).items,
      '"m" has 10001 items, more than 10000: split the list over several runs. None of them was started.',
    ],
    [
      "of more than 1 MiB",
      () => ["x".repeat(1_048_576)],
      'The output of "m" is 1048591 bytes of JSON as the database writes it, more than 1048576: map over fewer or smaller items, such as references to them, or split the list over several runs.',
    ],
    [
      "that is a promise",
      async () => [1],
      "its over returned a promise: decide at once, and put what must be awaited into a step before it",
    ],
    ["that is none", () => ({ length: 1 }), 'The over of "m" must return an array.'],
    ["that is not JSON", () => [new Date(0)], "a Date"],
    [
      "that throws",
      () => {
        throw new RangeError("no");
      },
      "no",
    ],
  ])("%s fails the run before anything is started, and may be redriven", (_, of, message) => {
    const story = new Story(
      order.map("m", { over: of as never }, (chain) => chain.step("encode", () => 1)),
      inputOf(0),
    );
    const failure = { path: "m", attempt: 1, delayMs: null, error: { message: expect.stringContaining(message) } };
    expect(story.round()).toMatchObject({ rows: [], starts: [], failures: [failure], fate: { kind: "failed" } });
    expect(story.redrive().round()).toMatchObject({ failures: [{ ...failure, attempt: 2 }], fate: { kind: "failed" } });
  });

  it("may be larger than an output, up to 1 MiB", () => {
    const story = new Story(plain(), { items: ["x".repeat(1_048_576 - 15)] });
    expect(story.round().starts).toHaveLength(1);
  });
});

describe("an item that fails for good", () => {
  it("aborts the others and fails the run, which says which item it was", () => {
    const story = begin(3);
    expect(story.round({ [path(0)]: finalOf("no codec") })).toMatchObject({ starts: [], aborts: [path(1)], fate: { kind: "stay" } });
    expect(story.round({ [path(1)]: 1 })).toMatchObject({
      rows: [{ path: path(1) }],
      fate: { kind: "failed", error: { message: 'Item 0 of "m": no codec (1 of 3 items failed for good)' } },
    });
  });

  it("fails the run also when it is the last", () => {
    const story = begin(1);
    expect(story.round({ [path(0)]: final })).toMatchObject({ rows: [], starts: [], fate: { kind: "failed" } });
  });

  it("is named by what failed first, and of those that failed together by the lower index", () => {
    const story = begin(2);
    const { fate } = story.round({ [path(1)]: finalOf("one"), [path(0)]: finalOf("zero") });
    expect(fate).toMatchObject({ error: { message: 'Item 0 of "m": zero (2 of 2 items failed for good)' } });
  });

  it("goes on after a redrive, and those that are over do not run again", () => {
    const story = begin(2);
    story.round({ [path(0)]: 0, [path(1)]: final });
    expect(story.redrive().round().starts).toMatchObject([{ path: path(1), attempt: 2, forgiven: 1 }]);
    expect(story.round({ [path(1)]: 1 }).starts).toMatchObject([{ path: "after" }]);
  });
});

describe("a map that tolerates failures", () => {
  it("goes on past as many, and shows each result as a settlement", () => {
    const story = begin(3, { tolerate: 1 });
    story.round({ [path(0)]: 7, [path(1)]: finalOf("no codec") });
    story.round({ [path(2)]: 9 });
    expect(story.paths).toEqual(["after"]);
    expect(stateOf(story.run)["m"]).toEqual([
      { ok: true, value: 7 },
      { ok: false, error: { name: "Error", message: "no codec" } },
      { ok: true, value: 9 },
    ]);
  });

  it("fails with one more, and says how many are tolerated", () => {
    const story = begin(3, { tolerate: 1, concurrency: 3 });
    story.round({ [path(2)]: finalOf("first") });
    story.pass(1).round({ [path(0)]: finalOf("second") });
    expect(story.round({ [path(1)]: 1 }).fate).toMatchObject({
      error: { message: 'Item 2 of "m": first (2 of 3 items failed for good, more than the 1 that are tolerated)' },
    });
  });

  it.each([
    ["50 %", 3, 1],
    ["50%", 4, 2],
    ["12.5 %", 16, 2],
    ["100 %", 2, 2],
    ["0 %", 3, 0],
    [0, 3, 0],
  ] as const)("up to %s of so many items tolerates whole ones, rounded down", (tolerate, count, most) => {
    const story = begin(count, { tolerate, concurrency: count });
    for (let n = 0; n < most; n++) expect(story.round({ [path(n)]: final }).aborts).toEqual([]);
    const rest = Object.fromEntries(story.paths.filter((each) => each !== "after").map((each) => [each, final]));
    expect(story.round(rest).fate.kind).toBe(most === count ? "stay" : "failed");
  });

  it("aborts what is out of an item that failed, and keeps what comes of it still", () => {
    const both = order.map("m", { over, tolerate: 1 }, (chain) =>
      chain.all("pair", { a: (branch) => branch.step("x", () => 1), b: (branch) => branch.step("y", () => 2) }),
    );
    const story = new Story(both, inputOf(2), { countsLate: true });
    story.round();
    expect(story.round({ [path(0, "pair/a/x")]: final })).toMatchObject({ aborts: [path(0, "pair/b/y")], fate: { kind: "stay" } });
    expect(story.round({ [path(0, "pair/b/y")]: 2 })).toMatchObject({ rows: [{ path: path(0, "pair/b/y") }], fate: { kind: "stay" } });
    expect(story.round({ [path(1, "pair/a/x")]: 1, [path(1, "pair/b/y")]: 2 }).fate).toEqual({ kind: "done" });
  });

  it("shows no more than 512 bytes of an item's message, and no half of a character", () => {
    const story = begin(2, { tolerate: "100 %" });
    story.round({ [path(0)]: finalOf("€".repeat(171)), [path(1)]: finalOf("€".repeat(170)) });
    const messages = (stateOf(story.run)["m"] as { error: { message: string } }[]).map(({ error }) => error.message);
    expect(messages).toEqual([`${"€".repeat(169)}…`, "€".repeat(170)]);
  });

  it("keeps what it has tolerated when its run is redriven for what comes after it", () => {
    const story = begin(2, { tolerate: 1 });
    story.round({ [path(0)]: 0, [path(1)]: final });
    expect(story.round({ after: final }).fate.kind).toBe("failed");
    expect(story.redrive().round().starts).toMatchObject([{ path: "after", attempt: 2 }]);
    expect(stateOf(story.run)["m"]).toMatchObject([{ ok: true }, { ok: false, error: { message: "no" } }]);
  });

  it("tries all that have failed again when it is redriven for having failed itself", () => {
    const story = begin(3, { tolerate: 1, concurrency: 3 });
    story.round({ [path(0)]: final, [path(1)]: final, [path(2)]: 2 });
    expect(story.redrive().round().starts).toMatchObject([
      { path: path(0), attempt: 2 },
      { path: path(1), attempt: 2 },
    ]);
  });

  it("tolerates an item whose function throws, wherever it stands, also once its run has gone on and is redriven", () => {
    const throws = (): never => {
      throw new Error("no");
    };
    const odd = order
      .map("m", { over: () => [0, 1, 2, 3, 4], tolerate: "100 %" }, (chain) =>
        chain.choose("kind", ({ index }) => (["when", "choose", "map", "repeat", "sleep"] as const)[index]!, {
          when: (arm) => arm.step("w", { when: throws }, () => 1),
          choose: (arm) => arm.choose("c", throws, { a: (deep) => deep }),
          map: (arm) => arm.map("n", { over: throws }, (deep) => deep.step("x", () => 1)),
          repeat: (arm) => arm.repeat("r", { max: 1, until: throws }, (deep) => deep.step("x", { when: () => false }, () => 1)),
          sleep: (arm) => arm.sleep("s", throws),
        }),
      )
      .script("after", () => 1);
    const story = new Story(odd, inputOf(0));
    expect(story.round().failures).toHaveLength(5);
    story.round({ after: final });
    expect(story.redrive().round().starts).toMatchObject([{ path: "after", attempt: 2 }]);
    expect((stateOf(story.run)["m"] as { ok: boolean }[]).map(({ ok }) => ok)).toEqual([false, false, false, false, false]);
  });
});

describe("the options of a map", () => {
  it.each([
    [{ size: 5 }, '"size" is not an option of a map: use over, as, concurrency, tolerate, collect or from'],
    [{ over: [1] }, "its over is no function: write over: ({ input }) => input.items"],
    [{ concurrency: 0 }, "its concurrency is 0: use a whole number from 1 to 10000"],
    [{ concurrency: 1.5 }, "its concurrency is 1.5: use a whole number from 1 to 10000"],
    [{ concurrency: 10_001 }, "its concurrency is 10001: use a whole number from 1 to 10000"],
    [{ tolerate: -1 }, 'its tolerate is -1: use a whole number of items such as 5, or a share such as "10 %"'],
    [{ tolerate: "some" }, 'its tolerate is "some": use a whole number of items such as 5, or a share such as "10 %"'],
    [{ tolerate: "101 %" }, 'its tolerate is "101 %": use a whole number of items'],
    [{ collect: 5, from: 0 }, "its collect is no function: write collect: (sum, value) => …"],
    [{ from: 0 }, "it has from without collect: add collect, or leave from out"],
    [{ collect: () => 1 }, "it has collect without from: add from, what collect begins with"],
  ])("%j are refused when it is defined", (options, problem) => {
    expect(() => plain(options)).toThrow(`Workflow "order", node "m": ${problem}`);
  });

  it("go with a chain that has something to do", () => {
    expect(() => order.map("m", { over }, (chain) => chain)).toThrow("its chain has no nodes: add what is done for each item");
  });
});
