import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pathPattern } from "../../shared/domain/path.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf } from "../support/engine-calls.ts";
import type { InvariantsBrokenError } from "../support/invariants.ts";
import { recount, sumsIn } from "../support/recount.ts";
import { storeRun, type StoredRun } from "../support/stored-runs.ts";

const database = await createTestDatabase();
const { query } = database;
const engine = engineOf(database);
checkAfterEach(database);

const sleep = (to: number) => ({ from: -50, to, sleeps: true });

/** A done run of every kind of node; ten of its rows are outputs of steps. */
const everyKind: StoredRun = {
  status: "done",
  rows: [
    { node: "first", position: 0 },
    { node: "both/a/x", position: 1, attempt: 2 },
    { node: "both/b/y", position: 1 },
    { node: "route", position: 2, attempt: 0, output: { case: "fast" } },
    { node: "route/fast/ship", position: 2 },
    { node: "route/fast/~end", position: 2, attempt: 0 },
    { node: "pages", position: 3, attempt: 0, output: { items: [1, 2] } },
    { node: "pages/00000/get", position: 3 },
    { node: "pages/00001/get", position: 3 },
    { node: "pages/~fold/00100", position: 3, attempt: 0, output: 2 },
    { node: "poll/00000/ask", position: 4 },
    { node: "poll/00000/~again", position: 4 },
    { node: "poll/~over", position: 4, attempt: 0, output: 0 },
    { node: "gift", position: 5, attempt: 0 },
    { node: "wrap/~when", position: 6, attempt: 0, output: true },
    { node: "wrap", position: 6 },
    { node: "crawl/page/00001", position: 7 },
    { node: "crawl", position: 7 },
    { node: "~output", position: 7, attempt: 0, output: { all: 1 } },
  ],
  failures: [{ node: "both/a/x", retryIn: -50 }],
};

test("a run of every kind of node is sound", async () => {
  await storeRun(query, everyKind);
  await expect(database.assertInvariants()).resolves.toBeUndefined();
});

test("the invariants know the grammar of paths that the code has", () => {
  expect(readFileSync(new URL("../../sql/invariants.sql", import.meta.url), "utf8")).toContain(`'${pathPattern.source}'`);
});

test.each([
  ["every path is one", [{ node: "both/A B", position: 0 }]],
  ["every path is one", [{ node: `both/${"a/".repeat(100)}x`, position: 0 }]],
  ["checkpoints have no gap and no duplicate position", [{ node: "both/a/x", position: 1 }]],
  [
    "checkpoints have no gap and no duplicate position",
    [
      { node: "a", position: 0 },
      { node: "b/c/d", position: 0 },
    ],
  ],
  [
    "checkpoints have no gap and no duplicate position",
    [
      { node: "a/b/c", position: 0 },
      { node: "a/b/d", position: 1 },
    ],
  ],
  ["a checkpoint is the attempt after the last failure of its node", [{ node: "both/a/x", position: 0, attempt: 2 }]],
  [
    "no step starts before the one before it has finished",
    [
      { node: "both/a/x", position: 0, to: -10 },
      { node: "last/a/y", position: 1, from: -20 },
    ],
  ],
])("it is seen where it is not true that %s", async (invariant, rows) => {
  const id = await storeRun(query, { status: "done", rows });
  const broken = await database.assertInvariants().catch((error: unknown) => error as InvariantsBrokenError);
  expect(broken?.violations.map((one) => one.invariant)).toEqual([invariant]);
  await query("delete from baton.checkpoint where run_id = $1", [id]);
});

test("views show the outputs of steps by their paths, and count nothing else", async () => {
  const id = await storeRun(query, everyKind);
  const steps = await query("select node, position from baton.steps where run_id = $1 order by started_at", [id]);
  expect(steps.map(({ node }) => node)).toEqual([
    "first",
    "both/a/x",
    "both/b/y",
    "route/fast/ship",
    "pages/00000/get",
    "pages/00001/get",
    "poll/00000/ask",
    "wrap",
    "crawl/page/00001",
    "crawl",
  ]);
  expect(await query("select steps, failures from baton.runs where id = $1", [id])).toEqual([{ steps: 10, failures: 1 }]);
  expect(await query("select node from baton.failures where run_id = $1", [id])).toEqual([{ node: "both/a/x" }]);
});

test("a run has begun with its first attempt, not with a plan", async () => {
  const rows = [
    { node: "pages", position: 0, attempt: 0, from: -90, output: { items: [1] } },
    { node: "pages/00000/get", position: 0, from: -60 },
  ];
  const id = await storeRun(query, { status: "done", rows });
  const [run] = await query("select extract(epoch from now() - started_at)::float8 as ago from baton.runs where id = $1", [id]);
  expect(run!["ago"]).toBeGreaterThan(59);
  expect(run!["ago"]).toBeLessThan(89);
});

test("the rollup counts the outputs of steps, and the bytes of all that is stored", async () => {
  await storeRun(query, everyKind);
  await storeRun(query, { status: "waiting", rows: [{ node: "both/a/nap", position: 0, ...sleep(3_000) }] });
  const [sums] = await query("select sum(steps)::int as steps, sum(bytes)::int as bytes from baton.count_minutes('-infinity')");
  const [stored] = await query("select sum(pg_column_size(output))::int as bytes from baton.checkpoint");
  const [inputs] = await query("select sum(pg_column_size(input))::int as bytes from baton.run");
  expect(sums).toEqual({ steps: 10, bytes: Number(stored!["bytes"]) + Number(inputs!["bytes"]) });
  await query("delete from baton.checkpoint where node = 'both/a/nap'");
  expect(await sumsIn(query, "baton.count_minutes('-infinity')")).toEqual(await recount(query));
});

test("the state has each step's output under its path, null for what was skipped, and nothing of the engine's own", async () => {
  const rows = everyKind.rows!.map((row) => ({ output: `of ${row.node}`, ...row, ...(row.node === "gift" && { output: null }) }));
  const id = await storeRun(query, { ...everyKind, rows });
  const steps = rows.filter(({ node, attempt }) => attempt !== 0 && !node.includes("~"));
  expect(await engine.state(id)).toEqual({ input: {}, gift: null, ...Object.fromEntries(steps.map(({ node, output }) => [node, output])) });
});

test("runs are found by the path at which they failed, a plan of which is no output", async () => {
  const failed = { status: "failed", failures: [{ node: "pages/00001/get", retryIn: null }] } as const;
  const rows = [{ node: "pages", position: 0, attempt: 0, output: { items: [1, 2] } }];
  const one = await storeRun(query, { ...failed, rows });
  const other = await storeRun(query, { status: "failed", rows, failures: [{ node: "pages", retryIn: null }] });
  const found = async (failed_node: string) => (await engine.listRuns({ failed_node, limit: 5 })).map(({ id }) => id);
  expect(await found("pages/00001/get")).toEqual([one]);
  expect(await found("pages/00000/get")).toEqual([]);
  expect(await found("pages")).toEqual([other]);
});

test("repair makes a run due at once in the midst of a node that holds others, and else when it was due", async () => {
  const both = [
    { node: "both/a/nap", position: 0, ...sleep(300) },
    { node: "both/b/y", position: 0 },
  ];
  const amidst = [
    await storeRun(query, { status: "waiting", rows: both }),
    await storeRun(query, { status: "waiting", failures: [{ node: "both/a/x", retryIn: 60 }] }),
  ];
  const after = [
    { node: "both/a/x", position: 0 },
    { node: "nap", position: 1, ...sleep(300) },
  ];
  const later = await storeRun(query, { status: "waiting", rows: after });
  await query("truncate baton.ready");
  await query("select baton.repair()");
  const due = await query("select run_id, run_at <= now() as now from baton.ready order by run_id");
  expect(due).toEqual([...amidst.map((run_id) => ({ run_id, now: true })), { run_id: later, now: false }]);
});

test("a redrive forgives failures at every path, and what was done below stays", async () => {
  const rows = [{ node: "both/b/y", position: 0 }];
  const id = await storeRun(query, { status: "failed", rows, failures: [{ node: "both/a/x", retryIn: null }] });
  await engine.redrive(id);
  expect(await engine.findRun(id)).toMatchObject({ status: "ready", forgiven: { "both/a/x": 1 }, checkpoints: [{ node: "both/b/y" }] });
});

test("an archived or deleted run takes all its rows with it, whatever their paths", async () => {
  const id = await storeRun(query, everyKind);
  const [line] = await query<{ line: string }>("select line from baton.format_runs(array[$1::uuid])", [id]);
  expect((JSON.parse(line!.line) as { steps: unknown[] }).steps).toHaveLength(everyKind.rows!.length);
  await query("select baton.delete_run($1)", [id]);
  expect(await query("select node from baton.checkpoint")).toEqual([]);
});
