import { readdirSync } from "node:fs";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { report } from "../../infra/report.ts";
import type { Driver } from "../../shared/db/connect.ts";
import { readQuery } from "../../shared/db/read-query.ts";
import { makeReport, ReportTimeoutError } from "../../shared/db/report-repository.ts";
import { fillTemplate, partsOf } from "../../shared/domain/query-template.ts";
import { reportColumns } from "../../shared/domain/report-columns.ts";
import { readReportRequest, reportNames } from "../../shared/domain/reports.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, failure, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const reader = new pg.Client(database.url("reader"));
await reader.connect();
afterAll(() => reader.end());

const files = readdirSync(new URL("../../sql/queries/", import.meta.url)).map((file) => file.replace(/\.sql$/, ""));

test("each report has a file, and each file a report", () => {
  expect(files.toSorted()).toEqual(reportNames.toSorted());
});

/** Every choice of the parts of a template. */
function shapesOf(parts: readonly string[]): string[][] {
  return parts.reduce<string[][]>((shapes, part) => shapes.flatMap((shape) => [shape, [...shape, part]]), [[]]);
}

const typeNames = new Map([
  [20, "bigint"],
  [21, "smallint"],
  [23, "integer"],
  [25, "text"],
  [1184, "timestamptz"],
]);

test.each(reportNames)("each shape of %s can be prepared by a reader, and has the columns of its type", async (name) => {
  const parts = partsOf(readQuery(name));
  expect(parts.length).toBeLessThanOrEqual(4);
  const all = { since: "1 days", limit: 20 };
  for (const [n, shape] of shapesOf(parts).entries()) {
    const query = fillTemplate(readQuery(name), { ...all, ...Object.fromEntries(shape.map((part) => [part, "x"])) });
    await reader.query(`prepare shape_${n} as ${query.text}`);
    const literals = query.values!.map((value) => pg.escapeLiteral(String(value)));
    const { fields } = await reader.query(`execute shape_${n}${literals.length > 0 ? `(${literals.join()})` : ""}`);
    const columns = Object.fromEntries(fields.map((field) => [field.name, typeNames.get(field.dataTypeID)]));
    expect([shape, Object.entries(columns)]).toEqual([shape, Object.entries(reportColumns[name])]);
    await reader.query(`deallocate shape_${n}`);
  }
});

/** Two workflows with slow and quick steps, retries, a sleep, and runs that wait. */
async function twoWorkflows(): Promise<void> {
  await database.setNow(new Date("2026-11-25T10:30:00Z"));
  const at = new Date("2026-11-25T10:30:00Z");
  await engine.enqueue([...newRuns(3, { at }), newRun({ at, workflow: "other" })]);
  await database.advance("1 second");
  const { token, runs } = await engine.claim();
  const [first, second, third, fourth] = runs;
  const gone = (id: number) => ({ name: "HttpError", message: `parcel ${id} is gone` });
  await engine.advance(token, 1, {
    failures: [
      failure(first!, { error: gone(1) }),
      failure(second!, { error: gone(2), delay_ms: null }),
      failure(fourth!, { node: "ask" }),
    ],
    failed: [{ ...member(second!), error: gone(2) }],
  });
  await database.advance("1 hour");
  await engine.advance(token, 2, {
    steps: [
      step(first!, { attempt: 2, took_ms: 100 }),
      step(third!, { took_ms: 300 }),
      step(fourth!, { node: "ask", attempt: 2, took_ms: 5_000 }),
    ],
  });
  await engine.advance(token, 3, {
    sleeps: [sleep(third!, { position: 1, delay_ms: 3_600_000 })],
    done: [member(first!), member(fourth!)],
  });
  await engine.enqueue([newRun({ at, priority: 0 })]);
  await database.advance("90 seconds");
}

const make = (name: string, given: Record<string, string> = {}, driver?: Driver) =>
  makeReport(database.connect("reader", driver), readReportRequest(name, given), 10_000);

test("slow-steps has the nodes that took longest first, without sleeps", async () => {
  await twoWorkflows();
  const charge = { workflow: "fulfil-order", node: "reserve", steps: 2, p50_ms: 200, p95_ms: 290, most_ms: 300, total_ms: 400 };
  const ask = { workflow: "other", node: "ask", steps: 1, p50_ms: 5_000, p95_ms: 5_000, most_ms: 5_000, total_ms: 5_000 };
  for (const driver of ["neon", "pg"] as const) expect(await make("slow-steps", {}, driver)).toEqual([ask, charge]);
  expect(await make("slow-steps", { workflow: "fulfil-order" })).toEqual([charge]);
  expect(await make("slow-steps", { node: "ask", workflow: "fulfil-order" })).toEqual([]);
  expect(await make("slow-steps", { limit: "1" })).toEqual([ask]);
});

test("a window has the runs that were created in it", async () => {
  await twoWorkflows();
  expect(await make("slow-steps", { since: "61m" })).toEqual([]);
  expect(await make("slow-steps", { since: "62m" })).toHaveLength(2);
  expect(await make("storage", { since: "1h" })).toMatchObject([{ runs: 1 }]);
  expect(await make("storage", { since: "1m" })).toEqual([]);
});

test("failures that differ by ids and numbers alone are one row", async () => {
  await twoWorkflows();
  const [gone, broke] = await make("failures");
  expect(gone).toEqual({
    fingerprint: "HttpError: parcel # is gone",
    failures: 2,
    runs: 2,
    given_up: 1,
    nodes: "fulfil-order/reserve",
    first_at: "2026-11-25T10:30:01+00:00",
    last_at: "2026-11-25T10:30:01+00:00",
    example: "parcel 1 is gone",
  });
  expect(broke).toMatchObject({ fingerprint: "Error: it broke", nodes: "other/ask" });
  expect(await make("failures", { node: "ask", workflow: "other" })).toEqual([broke]);
});

test("retries are counted hour by hour", async () => {
  await twoWorkflows();
  expect(await make("retries")).toEqual([{ hour: "2026-11-25T10:00:00+00:00", failures: 3, retried: 2, given_up: 1, runs: 3 }]);
  expect(await make("retries", { workflow: "other" })).toMatchObject([{ failures: 1 }]);
  expect(await make("retries", { node: "none" })).toEqual([]);
});

test("the backlog is counted by priority, with the age of what is due", async () => {
  await twoWorkflows();
  expect(await make("backlog-age")).toEqual([
    { priority: 0, ready: 1, p50_overdue_ms: 90_000, most_overdue_ms: 90_000, waiting: 0, running: 0, blocked: 0 },
    { priority: 2, ready: 0, p50_overdue_ms: null, most_overdue_ms: null, waiting: 1, running: 0, blocked: 0 },
  ]);
  expect(await make("backlog-age", { workflow: "other" })).toEqual([]);
});

test("storage is the bytes of inputs and outputs as they are stored, by workflow", async () => {
  await twoWorkflows();
  const [most, other] = await make("storage");
  const [bytes] = await database.query<{ inputs: number; outputs: number }>(
    `select (select sum(pg_column_size(input))::int from baton.run where workflow = 'fulfil-order') as inputs,
       (select sum(pg_column_size(output))::int from baton.checkpoint join baton.run on id = run_id where workflow = 'fulfil-order') as outputs`,
  );
  expect(most).toEqual({
    workflow: "fulfil-order",
    runs: 4,
    steps: 3,
    input_bytes: bytes!.inputs,
    output_bytes: bytes!.outputs,
    bytes_a_run: Math.floor((bytes!.inputs + bytes!.outputs) / 4),
  });
  expect(other).toMatchObject({ workflow: "other", runs: 1, steps: 1 });
});

test.each(["neon", "pg"] as const)("a report that takes longer than it may is ended by the database, through %s", async (driver) => {
  await twoWorkflows();
  const stranger = new pg.Client(database.ownerUrl);
  await stranger.connect();
  // Nobody reads the backlog meanwhile.
  await stranger.query("begin; lock table baton.blocked in access exclusive mode");
  const ended = makeReport(database.connect("reader", driver), readReportRequest("backlog-age", {}), 200);
  await expect(ended).rejects.toThrow(ReportTimeoutError);
  await expect(ended).rejects.toThrow("The report backlog-age took longer than 0.2 seconds: look at a shorter time.");
  await stranger.end();
  expect(await make("backlog-age", {}, driver)).toHaveLength(2);
});

test("the command prints a table, or JSON, and says what it does not know", async () => {
  await twoWorkflows();
  const printed: string[] = [];
  const run = (...args: string[]) => report(args, database.url("reader"), (text) => printed.push(text));
  await run("slow-steps", "--since", "7d", "--limit", "1");
  await run("slow-steps", "--workflow", "fulfil-order", "--json");
  await run("slow-steps", "--workflow=none");
  await run("backlog-age");
  expect(printed[0]).toBe(
    "workflow  node  steps  p50_ms  p95_ms  most_ms  total_ms\nother     ask       1    5000    5000     5000      5000",
  );
  expect(JSON.parse(printed[1]!)).toEqual(await make("slow-steps", { workflow: "fulfil-order" }));
  expect(printed[2]).toBe("No rows.");
  expect(printed[3]!.split("\n")[2]).toMatch(/^ +2 +0 +– +– +1 +0 +0$/);
  await expect(run("slowest")).rejects.toThrow('There is no report "slowest". There are slow-steps,');
  await expect(run("retries", "--limit", "5")).rejects.toThrow("limit: there is no such option; there are since, workflow and node");
  await expect(run("retries", "--since")).rejects.toThrow("since: give a number");
  await expect(run("retries", "--speed", "7")).rejects.toThrow("Usage: npm run report");
  await expect(run()).rejects.toThrow("Reports: slow-steps, failures, retries, backlog-age, storage");
  await expect(report(["retries"], undefined, () => undefined)).rejects.toThrow("Set DATABASE_URL");
});
