import { describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import { Family, type ItemEnding, type ItemsTold } from "../../../shared/domain/family.ts";
import type { AnyMapOptions } from "../../../shared/domain/nodes/map-options.ts";
import { workflowOf } from "../../../shared/domain/nodes/child.ts";
import type { Settlement } from "../../../shared/domain/nodes/map-types.ts";
import { familyOf } from "../../../shared/domain/recognise.ts";
import { createRegistry } from "../../../shared/domain/registry.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow, type StateOf } from "../../../shared/domain/workflow.ts";
import { Story } from "./story.ts";

const Part = z.object({ n: z.number(), unit: z.string().default("mm") });
const double = defineWorkflow({
  name: "double",
  version: 3,
  input: Part,
  attributes: ({ input }): { n?: number } => (input.n === 0 ? {} : { n: input.n }),
}).step("work", ({ input }) => {
  if (input.n < 0) throw new Error("Less than nothing.");
  return 2 * input.n;
});
const elsewhere = workflowOf<typeof double>({ name: "double", version: 3 });
const batch = defineWorkflow({ name: "batch", version: 1, input: z.array(z.number()) });
const over = ({ input }: { readonly input: readonly number[] }) => input.map((n) => ({ n }));
const list = batch.map("parts", { over, as: "runs", concurrency: 2 }, double).step("after", ({ parts }) => parts.length);
const tolerant = batch.map("parts", { over, as: "runs", tolerate: 1 }, elsewhere);
const sum = batch.map("parts", { over, as: "runs" }, double, { collect: (all, value, index) => all + value * (index + 1), from: 0 });

const done = (item: number, output: number): ItemEnding => ({ item, run: `run-${item}`, status: "done", output });
const failed = (item: number): ItemEnding => ({ item, run: `run-${item}`, status: "failed", error: { name: "E", message: "No." } });
const told = (more: Partial<ItemsTold>): { parts: ItemsTold } => ({ parts: { open: 0, behind: 0, failed: 0, ...more } });
const numbers = (amount: number) => Array.from({ length: amount }, (_, n) => n);
const pathsOf = (rows: readonly { readonly path: string }[]) => rows.map(({ path }) => path);

describe("a map whose items are runs", () => {
  it("stores its parsed list with attributes, and starts its first part in the same round", () => {
    const { rows, family, fate } = new Story(list, [0, 5]).round();
    expect(pathsOf(rows)).toEqual(["parts/~plan/00000", "parts", "parts/~start/00000"]);
    const inputs = [0, 5].map((n) => ({ n, unit: "mm" }));
    expect(rows.map(({ output }) => output)).toEqual([
      { from: 0, inputs, attributes: [{}, { n: 5 }] },
      { runs: 2, parts: 1, redrives: 0 },
      null,
    ]);
    const start = { path: "parts", part: 0, workflow: "double", version: 3, code: double, concurrency: 2, tolerated: 0 };
    expect(family).toEqual({ starts: [], redriven: [], items: [start], repeats: [] });
    expect(fate).toEqual({ kind: "stay", wait: undefined, asks: undefined, children: ["parts"] });
  });

  it("stores what it was given where the workflow is elsewhere", () => {
    const { rows } = new Story(tolerant, [1]).round();
    expect(rows[0]!.output).toEqual({ from: 0, inputs: [{ n: 1 }] });
  });

  it("starts one part a round, of 1,000 items or 1 MiB, whoever goes on with it", () => {
    const story = new Story(sum, numbers(2001));
    expect(pathsOf(story.round().rows).at(-1)).toBe("parts/~start/00000");
    expect(pathsOf(story.tellItems(told({ open: 1000 })).round().rows)).toEqual(["parts/~start/00001"]);
    const { rows, fate } = story
      .claim()
      .tellItems(told({ open: 1500 }))
      .round();
    expect([pathsOf(rows), fate.kind]).toEqual([["parts/~start/00002"], "stay"]);
    expect(story.tellItems(told({ open: 1 })).round()).toMatchObject({
      rows: [],
      fate: { kind: "park", delayMs: null, children: ["parts"] },
    });
    const text = defineWorkflow({ name: "text", version: 1, input: z.string() }).step("s", () => 1);
    const texts = defineWorkflow({ name: "texts", version: 1, input: z.null() }).map(
      "parts",
      { over: () => numbers(6).map(() => "x".repeat(250_000)), as: "runs" },
      text,
    );
    expect(pathsOf(new Story(texts).round().rows)).toEqual(["parts/~plan/00000", "parts/~plan/00001", "parts", "parts/~start/00000"]);
  });

  it("waits without a lease for items that are open, and for room in an answer with the next claim", () => {
    const story = new Story(list, [1, 2]);
    story.round();
    expect(story.tellItems(told({ open: 2 })).round().fate.kind).toBe("park");
    expect(
      story
        .claim()
        .tellItems(told({ open: 0 }))
        .round().fate,
    ).toMatchObject({ kind: "park", delayMs: null, children: ["parts"] });
  });

  it("has the outputs in the order of items, page by page", () => {
    const story = new Story(list, [1, 2, 3]);
    story.round();
    const { rows, fate } = story.tellItems(told({ page: [done(0, 2), done(1, 4)] })).round();
    expect(rows).toMatchObject([{ path: "parts/~fold/00000", output: { to: 2, results: [2, 4] } }]);
    expect(fate.kind).toBe("stay");
    expect(story.tellItems(told({ page: [done(2, 6)] })).round().starts).toMatchObject([{ path: "after" }]);
    expect(story.sees("after")).toMatchObject({ parts: [2, 4, 6] });
  });

  it("collects pages into one value, of which the last row alone counts", () => {
    const story = new Story(sum, [1, 2, 3]);
    story.round();
    story.tellItems(told({ page: [done(0, 10), done(1, 20)] })).round();
    story.claim().tellItems(told({ page: [done(2, 30)] }));
    const { rows, fate } = story.round();
    expect(rows).toMatchObject([
      { path: "parts/~fold/00001", output: { to: 3, sum: 140 } },
      { path: "~output", output: 140 },
    ]);
    expect(fate.kind).toBe("done");
  });

  it("is done at once where there are no items", () => {
    expect(new Story(sum, []).round().rows).toMatchObject([{ path: "parts" }, { path: "~output", output: 0 }]);
    expect(new Story(tolerant, []).round().rows).toMatchObject([{ path: "parts" }, { path: "~output", output: [] }]);
  });

  it("tells failed items where they are tolerated", () => {
    const story = new Story(tolerant, [1, 2]);
    story.round();
    const gone: ItemEnding = { item: 1, run: "run-1", status: "gone" };
    const { rows } = story.tellItems(told({ failed: 1, page: [done(0, 2), failed(1)] })).round();
    expect(rows[0]!.output).toEqual({
      to: 2,
      results: [
        { ok: true, value: 2 },
        { ok: false, error: { name: "E", message: "No." } },
      ],
    });
    const other = new Story(tolerant, [1, 2]);
    other.round();
    expect(other.tellItems(told({ failed: 1, page: [done(0, 2), gone] })).round().rows[0]!.output).toMatchObject({
      results: [{ ok: true }, { ok: false, error: { name: "ChildGoneError" } }],
    });
  });

  it("fails with the first of them where more failed than may, and others are open", () => {
    const story = new Story(tolerant, numbers(9));
    story.round();
    const { failures, fate } = story.tellItems(told({ open: 5, failed: 2, firstFailed: failed(3) })).round();
    expect(failures).toMatchObject([{ path: "parts", attempt: 1, delayMs: null, error: { name: "ItemsFailedError" } }]);
    expect(failures[0]!.error.message).toBe(
      'The child of "parts/00003", run run-3, has failed with E: No. A redrive of this run lets the child go on, too, unless it was undone. (2 of 9 items failed, more than the 1 that are tolerated)',
    );
    expect(fate.kind).toBe("failed");
    const strict = new Story(list, [1]);
    strict.round();
    expect(strict.tellItems(told({ failed: 1, firstFailed: failed(0) })).round().failures[0]!.error.message).toMatch(
      /\(1 of 1 items failed\)$/,
    );
  });

  it("has those that failed go on after a redrive, as many at a time as may, and fails if they do again", () => {
    const story = new Story(list, [1, 2]);
    story.round();
    story.tellItems(told({ failed: 2, firstFailed: failed(0) })).round();
    const { rows, family, fate } = story
      .redrive()
      .tellItems(told({ failed: 2, firstFailed: failed(0) }))
      .round();
    expect(pathsOf(rows)).toEqual(["parts/~again/00001"]);
    expect(family).toEqual({ starts: [], redriven: [], items: [], repeats: [{ path: "parts", anew: true }] });
    expect(fate).toMatchObject({ kind: "stay", children: ["parts"] });
    const next = story
      .claim()
      .tellItems(told({ open: 1, behind: 1 }))
      .round();
    expect([next.rows, next.family!.repeats]).toEqual([[], [{ path: "parts", anew: false }]]);
    expect(story.tellItems(told({ failed: 1, firstFailed: failed(1) })).round().fate.kind).toBe("failed");
  });

  it("starts what a redrive finds not started, and repeats what began before it alone", () => {
    const story = new Story(sum, numbers(1001));
    story.round();
    story.redrive();
    expect(pathsOf(story.tellItems(told({ open: 1000 })).round().rows)).toEqual(["parts/~again/00001"]);
    expect(pathsOf(story.tellItems(told({ open: 1000 })).round().rows)).toEqual(["parts/~start/00001"]);
  });

  it.each([
    [numbers(10_001), "TooManyItemsError", /10001 items, more than 10000: collect the results/],
    [numbers(100_001), "TooManyItemsError", /100001 items, more than 100000: split the list/],
    [["no number"], "ZodError", /expected number/],
    [null, "TypeError", /must return an array/],
  ])("refuses a list that cannot be stored, before anything is started", (input, name, message) => {
    const wrong = batch.map(
      "parts",
      { over: () => input as never, as: "runs" },
      defineWorkflow({ name: "n", version: 1, input: z.number() }).step("s", () => 1),
    );
    const { rows, failures } = new Story(wrong).round();
    expect([rows, failures[0]!.error.name]).toEqual([[], name]);
    expect(failures[0]!.error.message).toMatch(message);
  });

  it("refuses a list of more than 4 MiB, and an item of more than 256 KiB", () => {
    const text = defineWorkflow({ name: "text", version: 1, input: z.string() }).step("s", () => 1);
    const of = (amount: number, size: number) =>
      batch.map("parts", { over: () => numbers(amount).map(() => "x".repeat(size)), as: "runs" }, text);
    const large = new Story(of(20, 250_000)).round();
    expect([large.rows, large.failures[0]!.error.message]).toEqual([[], expect.stringMatching(/The list of "parts" is 5\d+ bytes/)]);
    expect(new Story(of(1, 300_000)).round().failures[0]!.error).toMatchObject({ name: "OutputTooLargeError" });
  });

  it("names collecting where the results are more than a state may be", () => {
    const story = new Story(list, numbers(30));
    story.round();
    const page = numbers(30).map((item): ItemEnding => ({ item, run: "r", status: "done", output: "x".repeat(200_000) }));
    expect(story.tellItems(told({ page })).round().failures[0]!.error).toMatchObject({
      name: "StateTooLargeError",
      message: expect.stringContaining("collect the results") as string,
    });
  });

  it("has null for an item that came to nothing that was told", () => {
    const story = new Story(sum, [1]);
    story.round();
    const page: ItemEnding[] = [{ item: 0, run: "r", status: "done" }];
    expect(story.tellItems(told({ page })).round().rows[0]!.output).toEqual({ to: 1, sum: 0 });
  });

  it("fails for good where its collect throws, and may be redriven", () => {
    const broken = batch.map("parts", { over, as: "runs" }, double, {
      collect: () => {
        throw new Error("Cannot add.");
      },
      from: 0,
    });
    const story = new Story(broken, [1]);
    story.round();
    const { failures } = story.tellItems(told({ page: [done(0, 2)] })).round();
    expect(failures).toMatchObject([{ path: "parts", delayMs: null, error: { message: "Cannot add." } }]);
  });

  it("sets a run aside of which something else is stored", () => {
    const story = new Story(list, [1]);
    story.round();
    for (const path of ["parts/00000", "parts/~none/00000", "parts/~start/0"])
      expect(list.nodes[0]!.holds(path.slice("parts/".length))).toBe(false);
    expect(list.nodes[0]!.begin("parts").take("parts/00000", { output: 1, bytes: 1 }).stray).toBe("parts/00000");
    expect(list.nodes[0]!.begin("parts").take("parts/~start/00000", { failures: 1, forgiven: 0 }).stray).toBe("parts/~start/00000");
  });

  it("has failed all the same where its run has gone on from a failure that was forgiven", () => {
    const pardoned = { at: 1, error: { name: "E", message: "No." } };
    const forgiven = list.nodes[0]!.begin("parts").take("parts", { failures: 1, forgiven: 1, pardoned });
    expect([forgiven.wake(0), forgiven.fatal, forgiven.wake(Infinity).fatal]).toEqual([forgiven, undefined, pardoned]);
  });

  it("says what a claim need not read of it, and has a shape of its own", () => {
    const [line] = createRegistry([sum], { pollerTimeoutMs: 60_000 }).manifest();
    const [other] = createRegistry([tolerant], { pollerTimeoutMs: 60_000 }).manifest();
    expect(line).toMatchObject({ shape: "map:parts(runs)", family: true });
    expect(line!.skips).toEqual([
      { path: "parts/~plan", floor: "all" },
      { path: "parts/~fold", floor: "last" },
    ]);
    expect(other!.skips).toEqual([{ path: "parts/~plan", floor: "all" }]);
  });

  it.each([
    [{ concurrency: 0 }, "its concurrency is 0: use a whole number from 1 to 100000"],
    [{ as: "child" }, 'its as is "child": write as: "runs", or leave it out'],
    [{ collect: () => 0 }, "it has collect without from"],
    [{ size: 5 }, '"size" is not an option of a map'],
  ])("%o is refused when it is defined", (options, message) => {
    const make = () => batch.map("parts", { over, as: "runs", ...options } as unknown as AnyMapOptions as never, double as never);
    expect(make).toThrow(message);
  });

  it("is told what the database knows of its items", () => {
    const item = { item: 0, run: "r", status: "failed", error: { name: "E", message: "m" } } as const;
    const family = familyOf({ parts: { open: 1, behind: 0, failed: 1, first: item, page: null } });
    expect(family.itemsOf("parts")).toEqual({
      open: 1,
      behind: 0,
      failed: 1,
      firstFailed: { ...item, output: undefined },
      page: undefined,
    });
    expect(familyOf({ parts: { open: 0, behind: 0, failed: 0, page: [item] } }).itemsOf("parts")!.page).toHaveLength(1);
    const lists = (more: Partial<ItemsTold>) => new Family([], Object.entries(told({ open: 3, ...more })));
    expect(lists({ open: 2 }).tellsMoreThan(lists({}))).toBe(false);
    expect(lists({ failed: 1 }).tellsMoreThan(lists({}))).toBe(true);
    expect(lists({ open: 0 }).tellsMoreThan(lists({}))).toBe(true);
    expect(lists({}).tellsMoreThan(new Family())).toBe(true);
    expect(new Family().without("parts")).toEqual(new Family());
  });

  it("is typed by the workflow", () => {
    expectTypeOf<StateOf<typeof list>["parts"]>().toEqualTypeOf<readonly number[]>();
    expectTypeOf<StateOf<typeof tolerant>["parts"]>().toEqualTypeOf<readonly Settlement<number>[]>();
    expectTypeOf<StateOf<typeof sum>["parts"]>().toEqualTypeOf<number>();
    // @ts-expect-error -- its items are no inputs of the workflow
    batch.map("parts", { over: ({ input }) => input, as: "runs" }, double);
  });

  it("is walked with its items, in pages, or with outputs that are given", async () => {
    expect((await walk(sum, numbers(1500))).output).toBe(numbers(1500).reduce((all, n) => all + 2 * n * (n + 1), 0));
    expect((await walk(list, [1, 2], { children: { "parts/00001": 50 } })).state.parts).toEqual([2, 50]);
    expect((await walk(tolerant, [1, 2], { children: { "parts/00000": 1, "parts/00001": 2 } })).output).toHaveLength(2);
    await expect(walk(list, [1, -1])).rejects.toThrow(/Less than nothing/);
    await expect(walk(tolerant, [1, 2])).rejects.toThrow("is elsewhere: give its output in children");
  });
});
