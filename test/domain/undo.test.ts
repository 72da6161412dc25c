import { expect, test } from "vitest";
import * as z from "zod";
import { decide } from "../../shared/domain/decide.ts";
import { decideToFail } from "../../shared/domain/decide-to-fail.ts";
import type { Came, Decision } from "../../shared/domain/decision.ts";
import { describeError } from "../../shared/domain/errors.ts";
import type { Json } from "../../shared/domain/json.ts";
import type { AttemptMove } from "../../shared/domain/moves.ts";
import { bytesOf, createRun, stateFor, unknownPath, withCall, type Run, type RunRecord } from "../../shared/domain/run.ts";
import { defineWorkflow, type AnyWorkflow } from "../../shared/domain/workflow.ts";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import { decodeRuns, encodeRound } from "../../shared/domain/wire.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import { walk } from "../../shared/domain/walk.ts";
import { contextOf } from "./fixtures.ts";

const NOW = Date.parse("2030-01-31T10:00:00Z");
const error = { name: "Error", message: "no" };
const circumstances = { now: NOW, clock: 1_000, random: () => 0, describe: describeError, newRunId: () => "child-1" };
const base = defineWorkflow({ name: "saga", version: 1, input: z.null() });
const nothing = () => undefined;
const saga = base
  .step("a", { undo: nothing }, () => 1)
  .step(
    "b",
    { retry: { maxAttempts: 2 }, undo: { run: nothing, retry: { maxAttempts: 1 }, timeout: "5 seconds", evenIfFailed: true } },
    () => 2,
  )
  .step("c", { undo: nothing }, () => 3);

const failed = { status: "failed", error };
const runOf = (workflow: AnyWorkflow, record: Partial<RunRecord> = {}) => createRun({ id: "r", workflow, input: null, ...record });
const undoingOf = (record: Partial<RunRecord>, ruling: Json = failed, workflow: AnyWorkflow = saga) =>
  runOf(workflow, { ...record, outputs: { ...record.outputs, "~verdict": ruling } });

function came(move: AttemptMove, outcome: Came["outcome"], aborted = false): Came {
  const { path, node, attempt, forgiven } = move;
  return { path, node, attempt, forgiven, aborted, outcome, startedAt: 990, finishedAt: 1_000 };
}
const ok = { kind: "completed", output: null } as const;
const no = { kind: "failed", error, retryable: false } as const;
const maybe = { kind: "failed", error, retryable: true } as const;
const pathsOf = ({ starts }: Decision) => starts.map(({ path }) => path);

/** Undoes all of it, and says in which order. */
function order(run: Run, outcomes: Readonly<Record<string, Came["outcome"]>> = {}): { paths: string[]; last: Decision } {
  const paths: string[] = [];
  let last = decide(run, [], circumstances);
  while (last.starts.length > 0) {
    const [move] = last.starts;
    paths.push(move!.path);
    last = decide(last.run, [came(move!, outcomes[move!.path] ?? ok)], circumstances);
  }
  return { paths, last };
}

test("a run that fails for good is ruled on, and leaves its lease so that all of it is read", () => {
  const decision = decide(runOf(saga, { outputs: { a: 1, b: 2 } }), [], circumstances);
  const done = decide(decision.run, [came(decision.starts[0]!, no)], circumstances);
  expect(done.rows).toMatchObject([{ path: "~verdict", position: 2, attempt: 0, output: failed }]);
  expect([done.failures.length, done.fate, done.run.undoing]).toEqual([1, { kind: "park", delayMs: 0 }, undefined]);
  expect(done.run.ruling).toEqual(failed);
});

test("a run of which nothing can be undone just fails", () => {
  const decision = decide(runOf(saga), [], circumstances);
  expect(decide(decision.run, [came(decision.starts[0]!, no)], circumstances)).toMatchObject({ rows: [], fate: { kind: "failed" } });
  expect(decideToFail(runOf(saga), undefined, error, 5)).toMatchObject({ rows: [], fate: { kind: "failed" } });
});

test("an error of ours rules on it too; of one that is undone it ends it, and of one that is ruled on it is noted", () => {
  const run = runOf(saga, { outputs: { a: 1 } });
  const ruled = decideToFail(run, undefined, error, 5);
  expect(ruled).toMatchObject({ failures: [{ path: "b" }], rows: [{ path: "~verdict", startedAt: 5 }], fate: { kind: "park" } });
  expect(decideToFail(ruled.run, undefined, error, 5)).toMatchObject({ failures: [], rows: [], fate: { kind: "park" } });
  expect(decideToFail(undoingOf({ outputs: { a: 1 } }), undefined, error, 5)).toMatchObject({ failures: [], fate: { kind: "failed" } });
});

test("the last one to be over is undone first; of what was over together, the last of its chain", () => {
  const outputs = { a: 1, b: 2, c: 3 };
  expect(order(undoingOf({ outputs, finished: { a: 3, b: 1, c: 2 } })).paths).toEqual(["~undo/a", "~undo/c", "~undo/b"]);
  expect(order(undoingOf({ outputs, finished: { a: 1, b: 1, c: 1 } })).paths).toEqual(["~undo/c", "~undo/b", "~undo/a"]);
  expect(order(undoingOf({ outputs })).paths).toEqual(["~undo/c", "~undo/b", "~undo/a"]);
  const named = base
    .step("z", { undo: nothing }, () => 1)
    .all("y", { left: (chain) => chain.step("x", { undo: nothing }, () => 2).step("w", { undo: nothing }, () => 3) })
    .repeat("v", { until: () => true, max: 2 }, (chain) => chain.step("u", { undo: nothing }, () => 4));
  const together = { z: 1, "y/left/x": 2, "y/left/w": 3, "v/00000/u": 4, "v/00001/u": 5, "v/~over": 1 };
  expect(order(undoingOf({ outputs: together }, failed, named)).paths).toEqual(
    ["v/00001/u", "v/00000/u", "y/left/w", "y/left/x", "z"].map((path) => `~undo/${path}`),
  );
});

test("once all is undone the run ends as it was ruled, with how much that was", () => {
  const run = undoingOf({ outputs: { a: 1 } });
  expect(order(run).last).toMatchObject({ rows: [{ path: "~undo/a" }, { path: "~undone", output: 1 }], fate: { kind: "failed", error } });
  expect(order(undoingOf({ outputs: { a: 1 } }, { status: "cancelled", error: null })).last.fate).toEqual({ kind: "cancelled" });
});

test("an undo that fails for good leaves the others to be undone, and the run failed", () => {
  const outputs = { a: 1, b: 2, c: 3 };
  const { paths, last } = order(undoingOf({ outputs }), { "~undo/b": maybe });
  expect(paths).toEqual(["~undo/c", "~undo/b", "~undo/a"]);
  expect([last.rows.map(({ path }) => path), last.fate]).toEqual([["~undo/a"], { kind: "failed", error }]);
  const two = order(undoingOf({ outputs }, { status: "cancelled", error: null }), { "~undo/b": no, "~undo/a": no }).last.fate;
  expect(two).toMatchObject({ kind: "failed", error: { name: "UndoIncompleteError", message: expect.stringContaining("2 nodes") } });
  const one = order(undoingOf({ outputs }, { status: "cancelled", error: null }), { "~undo/b": no }).last.fate;
  expect(one).toMatchObject({ error: { message: expect.stringContaining("One node was") } });
});

test("an undo has the policy of its node, or its own, and backs off as any attempt", () => {
  const [a] = decide(undoingOf({ outputs: { a: 1 } }), [], circumstances).starts;
  expect(a!.node).toMatchObject({ timeoutMs: 30_000, retry: { maxAttempts: 4 }, kind: "step" });
  const [b] = decide(undoingOf({ outputs: { a: 1, b: 2 } }), [], circumstances).starts;
  expect(b!.node).toMatchObject({ timeoutMs: 5_000, retry: { maxAttempts: 1 } });
  const late = { kind: "failed", error, retryable: true, retryAfterMs: 60_000 } as const;
  const off = decide(undoingOf({ outputs: { a: 1 } }), [came(a!, late)], circumstances);
  expect([off.failures, off.fate]).toMatchObject([[{ path: "~undo/a", attempt: 1, delayMs: 60_000 }], { kind: "park", delayMs: 60_000 }]);
  const again = undoingOf({ outputs: { a: 1 }, failures: { "~undo/a": 1 }, notBefore: { "~undo/a": NOW + 5_000 } });
  expect(decide(again, [], circumstances)).toMatchObject({ starts: [], fate: { kind: "park", delayMs: 5_000 } });
  expect(decide(again, [], { ...circumstances, now: NOW + 5_000 }).starts).toMatchObject([{ path: "~undo/a", attempt: 2 }]);
});

test("another poller goes on where the last one was", () => {
  const outputs = { a: 1, b: 2, c: 3 };
  expect(order(undoingOf({ outputs: { ...outputs, "~undo/c": null }, failures: { "~undo/c": 1 } })).paths).toEqual(["~undo/b", "~undo/a"]);
  const fatal = { "~undo/c": { attempt: 1, at: NOW, error } };
  const { paths, last } = order(undoingOf({ outputs, failures: { "~undo/c": 1 }, fatal }));
  expect([paths, last.rows.some(({ path }) => path === "~undone")]).toEqual([["~undo/b", "~undo/a"], false]);
  const run = undoingOf({ outputs: { ...outputs, "~undo/c": null } });
  expect(unknownPath(run, { ...outputs, "~verdict": failed, "~undone": 3, "~undo/c": null })).toBeUndefined();
  expect(bytesOf(run)).toBeGreaterThan(bytesOf(runOf(saga, { outputs })));
});

test("what has begun and brought nothing is undone where its undo says so, with null", async () => {
  const has = (record: Partial<RunRecord>, ruling?: Json) => order(undoingOf({ outputs: { a: 1 }, ...record }, ruling)).paths;
  expect(has({ failures: { b: 1 } })).toEqual(["~undo/b", "~undo/a"]);
  expect(has({ failures: { b: 1 }, finished: { a: 2, b: 1 } })).toEqual(["~undo/a", "~undo/b"]);
  expect(has({}, { ...failed, begun: ["b"] })).toEqual(["~undo/b", "~undo/a"]);
  expect(has({}, { ...failed, crashed: true })).toEqual(["~undo/b", "~undo/a"]);
  expect(has({ outputs: { a: 1, b: 2 } }, { ...failed, begun: ["b"] })).toEqual(["~undo/b", "~undo/a"]);
  expect(has({ outputs: {}, failures: { a: 1 } })).toEqual([]);
  let given: unknown = "nobody called";
  const even = base.step("x", { undo: { run: (output) => void (given = output), evenIfFailed: true } }, () => 1);
  const [move] = decide(undoingOf({ failures: { x: 1 } }, failed, even), [], circumstances).starts;
  expect(await move!.node.run({ input: null }, contextOf())).toEqual({ output: null });
  expect(given).toBeNull();
});

test("what is out when a run fails, or is called off, is told to stop and awaited; its output counts", () => {
  const side = base
    .step("a", { undo: nothing }, () => 1)
    .all("both", {
      one: (chain) => chain.step("x", { undo: { run: nothing, evenIfFailed: true } }, () => 1),
      two: (chain) => chain.step("y", { undo: nothing }, () => 2),
    });
  const { run, starts } = decide(runOf(side, { outputs: { a: 1 } }), [], circumstances);
  const [x, y] = [starts[0]!, starts[1]!];
  const off = decide(withCall(run), [], circumstances, new Set([x.path, y.path]));
  expect(off).toMatchObject({ rows: [{ output: { status: "cancelled", error: null, begun: ["both/one/x"] } }], fate: { kind: "stay" } });
  expect(off.aborts).toEqual([x.path, y.path]);
  expect(withCall(off.run)).toBe(off.run);
  const back = decide(off.run, [came(x, no, true)], circumstances, new Set([y.path]));
  expect([back.rows, back.failures, back.fate, pathsOf(back)]).toEqual([[], [], { kind: "stay", wait: undefined }, []]);
  const last = decide(back.run, [came(y, { kind: "completed", output: 2 })], circumstances);
  expect([last.rows.map(({ path }) => path), last.fate]).toEqual([["both/two/y"], { kind: "park", delayMs: 0 }]);
  expect(decide(withCall(runOf(saga, { outputs: { a: 1, b: 2, c: 3 } })), [], circumstances).fate).toEqual({ kind: "done" });
});

test("a row that no node has is passed over, and so is a node that was skipped", () => {
  const skipping = base.step("a", { when: () => true, undo: nothing }, () => 1).step("b", () => 2);
  expect(order(undoingOf({ outputs: { a: 1, "a/~when": true, b: 2 } }, failed, skipping)).paths).toEqual(["~undo/a"]);
  expect(order(undoingOf({ outputs: { a: null, b: 2, "b/x": 1 } }, failed, skipping)).paths).toEqual([]);
  const items = base.map("m", { over: () => [7], collect: (sum: number) => sum, from: 0 }, (chain) =>
    chain.step("x", { undo: nothing }, () => 1),
  );
  const outputs = { m: { items: [7] }, "m/00000/x": 1, "m/~fold/00001": { sum: 0, failed: 0 } };
  const decision = decide(undoingOf({ outputs }, failed, items), [], circumstances);
  expect(pathsOf(decision)).toEqual(["~undo/m/00000/x"]);
  expect(stateFor(decision.run, decision.starts[0]!)).toEqual({ input: null, item: 7, index: 0 });
  const loop = base.repeat("p", { max: 3, until: () => true }, (chain) => chain.step("x", { undo: nothing }, () => 1));
  expect(order(undoingOf({ outputs: { "p/00000/x": 1, "p/~over": 0 } }, failed, loop)).paths).toEqual(["~undo/p/00000/x"]);
});

test("a pass is given what the one before came to, and an arm what is around it", () => {
  const loop = base
    .repeat("p", { max: 3, until: () => true }, (chain) => chain.step("x", { undo: nothing }, () => 1))
    .choose("way", () => "left", { left: (chain) => chain.step("turn", { undo: nothing }, () => 1) });
  const outputs = { "p/00000/x": 1, "p/00000/~again": null, "p/00001/x": 2, "p/~over": 1, way: { case: "left" }, "way/left/turn": 3 };
  const finished = { "p/00000/x": 1, "p/00001/x": 2, "way/left/turn": 3 };
  const states: unknown[] = [];
  let last = decide(undoingOf({ outputs, finished }, failed, loop), [], circumstances);
  for (; last.starts.length > 0; last = decide(last.run, [came(last.starts[0]!, ok)], circumstances))
    states.push(stateFor(last.run, last.starts[0]!));
  const first = { input: null, index: 0, previous: null };
  expect(states).toEqual([{ input: null, p: 2 }, { input: null, index: 1, previous: 1 }, first]);
  const lost = undoingOf({ outputs: { "p/00000/y": 1, "p/00001/x": 2, "p/~over": 1, "q/x": 1 }, finished }, failed, loop);
  expect(stateFor(lost, decide(lost, [], circumstances).starts[0]!)).toMatchObject({ previous: null });
});

test("the end of what was undone travels by columns, and when each path was over by run", () => {
  const round = JSON.parse(encodeRound({ ttl_ms: 1, cancelled: [{ place: 0, run: "r" }] })) as unknown;
  expect(round).toEqual({ ttl_ms: 1, cancelled: { place: [0], run: ["r"] } });
  const columns = { id: ["r", "s"], place: [0, 1], workflow: ["w", "w"], version: [1, 1], input: [null, null] };
  const { runs } = decodeRuns<ClaimAnswer>({ runs: { ...columns, finished: { r: { a: 5 } } } } as never);
  expect(runs.map(({ finished }) => finished)).toEqual([{ a: 5 }, undefined]);
});

test("in whatever order rows are told, and also where one before them is missing", () => {
  const run = undoingOf({ outputs: { c: 3, b: 2, a: 1 }, finished: { a: 1, b: 1, c: 1 } });
  expect(order(run).paths).toEqual(["~undo/c", "~undo/b", "~undo/a"]);
  const lost = undoingOf({ outputs: { b: 2 } });
  expect(stateFor(lost, decide(lost, [], circumstances).starts[0]!)).toEqual({ input: null, a: null });
});

test("the manifest says which workflows can be undone", () => {
  const registry = createRegistry(
    [saga, base.step("x", () => 1) as AnyWorkflow].map((each, n) => ({ ...each, version: n + 1 })),
    {
      pollerTimeoutMs: 300_000,
    },
  );
  expect(registry.manifest().map(({ shape, undoes }) => [shape, undoes])).toEqual([
    ["step:a|step:b|step:c", true],
    ["step:x", undefined],
  ]);
});

test("a walk undoes what failed, and rejects with what was thrown", async () => {
  const notes: Json[] = [];
  const note = (output: Json) => void notes.push(output);
  const thrown = new Error("mine");
  const walked = base
    .step("a", { undo: note }, () => "a")
    .all("w", { s: (chain) => chain.sleep("short", "1 second") })
    .sleep("pause", "1 day")
    .sql("b", { undo: (output) => (note(output), { statements: [] }) }, () => ({ statements: [], output: "b" }));
  const refuses = walked.step("c", { undo: { run: () => Promise.reject(new Error("other")), evenIfFailed: true } }, () =>
    Promise.reject(thrown),
  );
  await expect(walk(refuses, null)).rejects.toBe(thrown);
  expect(notes).toEqual(["b", "a"]);
  const decides = walked.choose("d", () => { throw thrown; }, { e: (chain) => chain }); // prettier-ignore
  await expect(walk(decides as AnyWorkflow, null)).rejects.toBe(thrown);
  await expect(walk(walked, null)).resolves.toMatchObject({ output: "b" });
  const waits = walked
    .waitFor("paid", { output: z.json().refine((body) => body === 5), timeout: "1 day" })
    .step("c", () => Promise.reject(thrown));
  await expect(walk(waits, null, { signals: { paid: ["five", 5] } })).rejects.toMatchObject({ name: expect.any(String) });
  const large = walked.step("c", () => "x".repeat(300_000));
  await expect(walk(large, null)).rejects.toThrow("bytes");
});

test.each([
  ["no function", { undo: { retry: {} } }, "its undo has no function"],
  ["another word", { undo: { run: nothing, retries: 3 } }, '"retries" is not an option of an undo'],
  ["no time", { undo: { run: nothing, timeout: "0 seconds" } }, 'its undo\'s timeout of "0 seconds" leaves no time'],
  ["no boolean", { undo: { run: nothing, evenIfFailed: 1 } }, "its undo's evenIfFailed is 1"],
  ["a number", { undo: 5 }, "the options of an undo are a number"],
])("an undo with %s is refused", (_, options, sentence) => {
  expect(() => base.step("a", options as never, () => 1)).toThrow(sentence);
});

test("a script has none; the undo of a sql node must give statements; a path has room for its undo", async () => {
  expect(() => base.script("a", { undo: nothing } as never, () => 1)).toThrow("it has an undo, which a step may have");
  const sql = base.sql("a", { undo: (() => 5) as never }, () => ({ statements: [] }));
  const [move] = decide(undoingOf({ outputs: { a: null } }, failed, sql), [], circumstances).starts;
  await expect(move!.node.run({ input: null }, contextOf())).rejects.toThrow('The undo of "a" must return { statements');
  const behind = base.step("a", {}, () => 1, { undo: nothing });
  expect([behind.nodes[0]!.undoes, behind.nodes[0]!.pathBytes, behind.nodes[0]!.shape]).toEqual([true, 7, "step:a"]);
});
