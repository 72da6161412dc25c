import { readdirSync } from "node:fs";
import pg from "pg";
import { afterAll, afterEach, expect, test } from "vitest";
import { report } from "../../infra/report.ts";
import type { Driver } from "../../shared/db/connect.ts";
import { readQuery } from "../../shared/db/read-query.ts";
import { makeReport, ReportTimeoutError, templateOf } from "../../shared/db/report-repository.ts";
import { fillTemplate, partsOf } from "../../shared/domain/query-template.ts";
import { reportColumns } from "../../shared/domain/report-columns.ts";
import { type ReportName, readReportRequest, reportNames } from "../../shared/domain/reports.ts";
import { createTestDatabase } from "../support/database.ts";
import { explainingSession } from "../support/plans.ts";
import { checkAfterEach, engineOf, failure, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);
afterEach(() => database.query("truncate baton.rollup, baton.rolled, baton.rolled_part"));

const reader = new pg.Client(database.url("reader"));
await reader.connect();
afterAll(() => reader.end());

const files = readdirSync(new URL("../../sql/queries/", import.meta.url)).map((file) => file.replace(/\.sql$/, ""));

test("each report has a file, one more for the rollup where it has a window, and each file a report", () => {
  const ofRollup = reportNames.filter((name) => "since" in readReportRequest(name, {}).values).map((name) => templateOf(name, "rollup"));
  expect(files.toSorted()).toEqual([...reportNames, ...ofRollup].toSorted());
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

test.each(files)("each shape of %s can be prepared by a reader, and has the columns of its type", async (name) => {
  const parts = partsOf(readQuery(name));
  expect(parts.length).toBeLessThanOrEqual(4);
  const all = { since: "1 days", limit: 20 };
  for (const [n, shape] of shapesOf(parts).entries()) {
    const query = fillTemplate(readQuery(name), { ...all, ...Object.fromEntries(shape.map((part) => [part, "x"])) });
    await reader.query(`prepare shape_${n} as ${query.text}`);
    const literals = query.values!.map((value) => pg.escapeLiteral(String(value)));
    const { fields } = await reader.query(`execute shape_${n}${literals.length > 0 ? `(${literals.join()})` : ""}`);
    const columns = Object.fromEntries(fields.map((field) => [field.name, typeNames.get(field.dataTypeID)]));
    expect([shape, Object.entries(columns)]).toEqual([shape, Object.entries(reportColumns[name.replace("-rollup", "") as ReportName])]);
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

const make = async (name: string, given: Record<string, string> = {}, driver?: Driver) =>
  (await makeReport(database.connect("reader", driver), readReportRequest(name, given), 10_000)).rows;

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
    bytes: bytes!.inputs + bytes!.outputs,
    bytes_a_run: Math.floor((bytes!.inputs + bytes!.outputs) / 4),
  });
  expect(other).toMatchObject({ workflow: "other", runs: 1, steps: 1 });
});

/** Runs of two workflows with one node each, whose every fact is of the last seven days. */
async function sevenDays(): Promise<void> {
  await database.setNow(new Date("2026-11-25T10:30:00Z"));
  await database.query(
    `select baton.make_partitions('2026-11-10', '2026-11-26', false);
     create temp table filled as
       select n, case n % 2 when 0 then 'a' else 'b' end as workflow, moment + interval '1 minute' + n * interval '14 minutes' as at,
         overlay(baton.id_at(moment)::text placing lpad(n::text, 12, '0') from 25)::uuid as id
       from generate_series(1, 700) as n, (select baton.now() - interval '7 days' as moment) as since;
     insert into baton.run select id, workflow, 1, 2, jsonb_build_object('n', n), at, at from filled;
     insert into baton.checkpoint select id, 'only-' || workflow, 0, case n % 3 when 0 then 2 else 1 end, at, at + n * interval '100 ms', to_jsonb(n) from filled;
     insert into baton.failure select id, 'only-' || workflow, 1, at, at, at, '{"name": "E", "message": "m"}' from filled where n % 3 = 0;
     insert into baton.ending select id, 'done', null, at + n * interval '100 ms' from filled;
     drop table filled`,
  );
}

test("a window of seven days is answered by the runs and by the rollup alike: sums exactly, times within 5 %", async () => {
  await sevenDays();
  const both = async (name: string) => {
    const request = readReportRequest(name, { since: "7d" });
    expect(request.from).toBe("runs");
    const made = await Promise.all(
      [request, { ...request, from: "rollup" as const }].map((one) => makeReport(database.connect("reader"), one, 10_000)),
    );
    return made.map(({ rows }) => rows as readonly Record<string, unknown>[]);
  };
  const only = (rows: readonly Record<string, unknown>[], ...names: string[]) => rows.map((row) => names.map((name) => row[name]));
  for (const swept of [false, true]) {
    if (swept) await database.query("select baton.sweep_rollup(100000, 'infinity')");
    const [steps, summed] = await both("slow-steps");
    expect(only(summed!, "workflow", "steps")).toEqual(only(steps!, "workflow", "steps"));
    for (const column of ["p50_ms", "p95_ms", "most_ms", "total_ms"])
      steps!.forEach((row, n) => expect(Math.abs(Number(summed![n]![column]) / Number(row[column]) - 1), column).toBeLessThan(0.05));
    const [hours, hoursSummed] = await both("retries");
    expect(only(hoursSummed!, "hour", "failures")).toEqual(only(hours!, "hour", "failures"));
    const [bytes, bytesSummed] = await both("storage");
    const sums = ["workflow", "runs", "steps", "bytes", "bytes_a_run"];
    expect(only(bytesSummed!, ...sums)).toEqual(only(bytes!, ...sums));
    const [kinds, failed] = await both("failures");
    expect(only(kinds!, "nodes", "failures")).toEqual([["a/only-a, b/only-b", 233]]);
    expect(only(failed!, "nodes", "failures", "fingerprint")).toEqual([
      ["b", 117, null],
      ["a", 116, null],
    ]);
  }
});

test("a longer window reads the minutes of the rollup that are in it, and no run", async () => {
  await database.setNow(new Date("2026-11-25T10:30:00Z"));
  await database.query(
    `insert into baton.rollup select baton.now() - n * interval '1 hour', 'a', 1, 1, 0, 0, 1, 1, 100, '{}', '{}', '{"7": 1}' from generate_series(1, 2000) as n`,
  );
  await using session = await explainingSession(database.ownerUrl);
  for (const name of ["slow-steps", "failures", "retries", "storage"] as const) {
    const { from, values } = readReportRequest(name, { since: "30d" });
    const query = fillTemplate(readQuery(templateOf(name, from)), values);
    const { answer, ran } = await session.call(`(select jsonb_agg(r) from (${query.text}) as r)`, ...query.values!);
    expect(answer).not.toBeNull();
    const read = ran.flatMap(({ scans }) => scans).filter(({ relation, rows }) => rows > 0 && /^rollup|_\d{8}$/.test(relation));
    expect(read).toEqual([expect.objectContaining({ relation: "rollup", index: "rollup_of_minute", rows: 720 })]);
  }
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
  await run("retries", "--since", "8d");
  expect(printed[0]).toBe(
    "workflow  node  steps  p50_ms  p95_ms  most_ms  total_ms\nother     ask       1    5000    5000     5000      5000",
  );
  const rows = await make("slow-steps", { workflow: "fulfil-order" });
  expect(JSON.parse(printed[1]!)).toEqual({ report: "slow-steps", from: "runs", rows });
  expect(printed[2]).toBe("No rows.");
  expect(printed[3]!.split("\n")[2]).toMatch(/^ +2 +0 +– +– +1 +0 +0$/);
  expect(printed[4]!.split("\n")[0]).toBe("From the rollup, as windows over 7d are: sums by workflow; – is what they do not have.");
  await expect(run("slowest")).rejects.toThrow('There is no report "slowest". There are slow-steps,');
  await expect(run("retries", "--limit", "5")).rejects.toThrow("limit: there is no such option; there are since, workflow and node");
  await expect(run("retries", "--since")).rejects.toThrow("since: give a number");
  await expect(run("retries", "--speed", "7")).rejects.toThrow("Usage: npm run report");
  await expect(run()).rejects.toThrow("Reports: slow-steps, failures, retries, backlog-age, storage");
  await expect(report(["retries"], undefined, () => undefined)).rejects.toThrow("Set DATABASE_URL");
});
