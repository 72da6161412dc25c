import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import {
  block,
  checkAfterEach,
  engineOf,
  error,
  failure,
  leaseOf,
  member,
  newRun,
  newRuns,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";
import { explainingSession, PARTITIONED, type Ran } from "../support/plans.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const [reader, producer] = [new pg.Client(database.url("reader")), new pg.Client(database.url("producer"))];
await Promise.all([reader.connect(), producer.connect()]);
afterAll(() => Promise.all([reader.end(), producer.end()]));

const read = async (text: string, values?: unknown[]) => (await reader.query<Record<string, unknown>>(text, values)).rows;

/** What BI tools build upon: a column is added at the end of its list, and never taken out. */
const COLUMNS: Record<string, string> = {
  backlog:
    "run_id uuid, workflow text, priority smallint, status text, due_at timestamptz, overdue_ms bigint, suspect boolean, " +
    "reason text, created_at timestamptz, queue text",
  failures:
    "run_id uuid, workflow text, node text, attempt smallint, started_at timestamptz, finished_at timestamptz, duration_ms bigint, " +
    "retry_at timestamptz, error_name text, error_message text, fingerprint text",
  runs:
    "id uuid, workflow text, version integer, priority smallint, status text, created_at timestamptz, start_at timestamptz, " +
    "due_at timestamptz, started_at timestamptz, ended_at timestamptz, waited_ms bigint, duration_ms bigint, steps integer, " +
    "failures integer, crashes integer, redrives integer, error_name text, error_message text, input_bytes integer",
  steps:
    "run_id uuid, workflow text, node text, position smallint, attempt smallint, started_at timestamptz, finished_at timestamptz, " +
    "duration_ms bigint, is_sleep boolean, output_bytes integer",
  unclaimed_signals: "workflow text, name text, key text, count integer, oldest_at timestamptz, expires_at timestamptz",
};

/** Of minutes and days. */
const SUMS: Record<string, string> = {
  throughput:
    "minute timestamptz, workflow text, enqueued bigint, done bigint, failed bigint, cancelled bigint, steps bigint, failures bigint, " +
    "p50_duration_ms bigint, p95_duration_ms bigint, p50_waited_ms bigint, p95_waited_ms bigint, " +
    "enqueued_5m bigint, done_5m bigint, failed_5m bigint, steps_5m bigint, " +
    "enqueued_60m bigint, done_60m bigint, failed_60m bigint, steps_60m bigint",
  daily:
    "day timestamptz, workflow text, enqueued bigint, done bigint, failed bigint, cancelled bigint, steps bigint, failures bigint, bytes bigint, " +
    "p50_duration_ms bigint, p95_duration_ms bigint, p50_waited_ms bigint, p95_waited_ms bigint, p50_step_ms bigint, p95_step_ms bigint",
};

test("the views have the columns that are documented, in this order and of these types", async () => {
  const rows = await database.query<{ name: string; columns: string }>(
    `select c.relname as name, string_agg(a.attname || ' ' || replace(format_type(a.atttypid, null), 'timestamp with time zone', 'timestamptz'), ', ' order by attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid where relnamespace = 'baton'::regnamespace and relkind in ('v', 'm') and attnum > 0 group by 1`,
  );
  const found = new Map(rows.map(({ name, columns }) => [name, columns]));
  for (const [name, columns] of Object.entries({ ...COLUMNS, ...SUMS })) expect([name, found.get(name)]).toEqual([name, columns]);
});

test("a run shows its waits, times and counts, a step and a failure theirs", async () => {
  await database.setNow(new Date("2026-11-25T10:00:00Z"));
  await engine.enqueue([newRun({ at: new Date("2026-11-25T10:00:00Z"), priority: 1 })]);
  await database.advance("10 seconds");
  const { token, runs } = await engine.claim();
  await database.advance("3 seconds");
  await engine.advance(token, 1, {
    failures: [failure(runs[0]!, { took_ms: 2_000, error: { name: "Error", message: "order 17 is gone" } })],
  });
  await database.advance("7 seconds");
  await engine.advance(token, 2, { steps: [step(runs[0]!, { attempt: 2, took_ms: 1_500 })], done: runs.map(member) });
  const id = runs[0]!.id;
  const at = (time: string) => new Date(`2026-11-25T10:00:${time}Z`);
  expect(await read("select * from baton.runs where id = $1", [id])).toEqual([
    {
      id,
      workflow: "fulfil-order",
      version: 1,
      priority: 1,
      status: "done",
      created_at: at("00"),
      start_at: at("00"),
      due_at: null,
      started_at: at("11"),
      ended_at: at("20"),
      waited_ms: "11000",
      duration_ms: "9000",
      steps: 1,
      failures: 1,
      crashes: 0,
      redrives: 0,
      error_name: null,
      error_message: null,
      input_bytes: expect.any(Number),
    },
  ]);
  expect(await read("select * from baton.steps where run_id = $1", [id])).toEqual([
    {
      run_id: id,
      workflow: "fulfil-order",
      node: "reserve",
      position: 0,
      attempt: 2,
      started_at: at("18.5"),
      finished_at: at("20"),
      duration_ms: "1500",
      is_sleep: false,
      output_bytes: expect.any(Number),
    },
  ]);
  expect(await read("select * from baton.failures where run_id = $1", [id])).toEqual([
    {
      run_id: id,
      workflow: "fulfil-order",
      node: "reserve",
      attempt: 1,
      started_at: at("11"),
      finished_at: at("13"),
      duration_ms: "2000",
      retry_at: at("14"),
      error_name: "Error",
      error_message: "order 17 is gone",
      fingerprint: "Error: order # is gone",
    },
  ]);
});

test("the status of each run is that of find_run, and the backlog has those that have not ended", async () => {
  const { token, runs } = await leaseOf(engine, 6);
  const [, done, failed, cancelled, blocked, waiting] = runs;
  await engine.cancel(cancelled!.id);
  await engine.advance(token, 1, {
    done: [member(done!)],
    failed: [{ ...member(failed!), error }],
    blocked: [block(blocked!)],
    sleeps: [sleep(waiting!)],
  });
  await engine.enqueue([newRun({ workflow: "other", priority: 0 })]);
  const rows = await read("select * from baton.runs order by status");
  expect(rows.map(({ status }) => status)).toEqual(["blocked", "cancelled", "done", "failed", "ready", "running", "waiting"]);
  for (const { id, status } of rows) expect((await engine.findRun(id as string))!.status).toBe(status);
  expect(rows.find(({ status }) => status === "failed")).toMatchObject({ error_name: "Error", error_message: "it broke" });
  const backlog = await read("select * from baton.backlog order by status");
  expect(backlog.map(({ status }) => status)).toEqual(["blocked", "ready", "running", "waiting"]);
  expect(backlog[0]).toMatchObject({ workflow: "fulfil-order", reason: "no such workflow", overdue_ms: null, suspect: false });
  expect(backlog[1]).toMatchObject({ workflow: "other", priority: 0, overdue_ms: expect.stringMatching(/^\d+$/) });
  for (const { run_id: id } of backlog) expect(await placesOf(database, id as string)).toHaveLength(1);
  const unbegun = await read("select waited_ms, duration_ms from baton.runs where workflow = 'other'");
  expect(unbegun).toEqual([{ waited_ms: null, duration_ms: null }]);
  const sleeps = await read("select is_sleep, duration_ms from baton.steps where run_id = $1", [waiting!.id]);
  expect(sleeps).toEqual([{ is_sleep: true, duration_ms: "60000" }]);
});

test.each([
  ["order 17 of 2026-11-25T10:00:01.5Z is gone", "E: order # of # is gone"],
  ["run 01a20e77-1c3d-76de-90ea-f624d86959e7/charge", "E: run #/charge"],
  ["connect ECONNREFUSED 10.0.0.7:5432", "E: connect ECONNREFUSED #"],
  ["no customer cus_9s6XKzkNRiz8i3 for o-1", "E: no customer # for #"],
  ["it broke", "E: it broke"],
])("the fingerprint of %s is %s", async (message, fingerprint) => {
  expect(await read("select baton.fingerprint('E', $1) as fingerprint", [message])).toEqual([{ fingerprint }]);
});

/** The weeks that a statement really read, by its scans. */
const weeksOf = (ran: readonly Ran[]): string[] =>
  [...new Set(ran.flatMap(({ scans }) => scans.flatMap(({ relation }) => PARTITIONED.exec(relation)?.[2] ?? [])))].toSorted();

/** A finished run in each of four weeks; gives their ids. */
async function runsOfFourWeeks(): Promise<string[]> {
  await database.query("select baton.make_partitions('2026-09-01', '2026-10-10', false)");
  const rows = await database.query<{ id: string }>(
    `insert into baton.run select (left(baton.id_at(at)::text, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid, 'w', 1, 2, '{}', at, at
     from unnest(array['2026-09-09', '2026-09-16', '2026-09-23', '2026-09-30']::timestamptz[]) as t (at) returning id`,
  );
  await database.query("insert into baton.ending select id, 'done', null, created_at from baton.run");
  await database.query("insert into baton.checkpoint select id, 'a', 0, 2, created_at, created_at, '1' from baton.run");
  await database.query("insert into baton.failure select id, 'a', 1, created_at, created_at, null, '{}' from baton.run");
  return rows.map(({ id }) => id);
}

test.each([
  ["runs", "id"],
  ["steps", "run_id"],
  ["failures", "run_id"],
])("a row of %s, asked for by its id, is read from one week", async (view, key) => {
  const [, second] = await runsOfFourWeeks();
  for (const settings of [[], ["set plan_cache_mode = force_custom_plan"]]) {
    await using session = await explainingSession(database.ownerUrl, settings);
    const { answer, ran } = await session.call(`(select to_jsonb(v) from baton.${view} v where ${key} = $1)`, second);
    expect(answer).toMatchObject({ [key]: second, workflow: "w" });
    expect(weeksOf(ran)).toEqual(["20260914"]);
  }
});

test("runs_between reads the weeks of its two moments, and no other", async () => {
  const [, second, third] = await runsOfFourWeeks();
  for (const settings of [[], ["set plan_cache_mode = force_custom_plan"]]) {
    await using session = await explainingSession(database.ownerUrl, settings);
    const ids = "(select jsonb_agg(to_jsonb(r) order by id) from baton.runs_between($1, $2) r)";
    const { answer, ran } = await session.call(ids, "2026-09-16T00:00:00Z", "2026-09-23T00:00:00.001Z");
    expect((answer as { id: string }[]).map(({ id }) => id)).toEqual([second, third]);
    expect(weeksOf(ran)).toEqual(["20260914", "20260921"]);
    const before = await session.call(ids, "2026-09-16T00:00:00Z", "2026-09-23T00:00:00Z");
    expect((before.answer as { id: string }[]).map(({ id }) => id)).toEqual([second]);
  }
});

test("a run whose id is as old or as new as it may be is between the moments of its creation", async () => {
  const moment = Date.parse("2026-11-25T10:00:00Z");
  await database.setNow(new Date(moment));
  const runs = [newRun({ at: new Date(moment - 24 * 3_600_000) }), newRun({ at: new Date(moment + 299_999) })];
  await engine.enqueue(runs);
  const rows = await read("select id from baton.runs_between($1::timestamptz, $1::timestamptz + interval '1 microsecond') order by 1", [
    new Date(moment),
  ]);
  expect(rows).toEqual(runs.map(({ id }) => ({ id })));
});

test("runs_between reads from the beginning and to the end of time, and no moment has an id that is none", async () => {
  await engine.enqueue(newRuns(2));
  const between = (earliest: string, latest: string) => read("select id from baton.runs_between($1, $2)", [earliest, latest]);
  for (const earliest of ["-infinity", "0001-01-01", "1960-01-01", "epoch"])
    for (const latest of ["infinity", "294276-01-01"]) expect(await between(earliest, latest)).toHaveLength(2);
  for (const moment of ["infinity", "294276-01-01"]) expect(await between(moment, "infinity")).toEqual([]);
  expect(await read("select baton.id_at('1960-01-01')::text as first, baton.id_at('infinity')::text as last")).toEqual([
    { first: "00000000-0000-0000-0000-000000000000", last: "ffffffff-ffff-0000-0000-000000000000" },
  ]);
});

test("a column that is not selected costs no look", async () => {
  await runsOfFourWeeks();
  await using session = await explainingSession(database.ownerUrl);
  const { ran } = await session.call("(select count(distinct workflow) from baton.runs)");
  expect(new Set(ran.flatMap(({ scans }) => scans.map(({ relation }) => relation.replace(/_\d+$/, ""))))).toEqual(new Set(["run"]));
});

test("views show no payload, and who may read them alone sees no run and no state", async () => {
  const { runs } = await leaseOf(engine, newRuns(1, { input: { card: "canary" } }));
  await engine.signal({ workflow: "fulfil-order", key: "o-1", name: "paid", body: "canary" });
  const name = `${database.name}_bi`;
  await database.query(`create role ${name}; grant usage on schema baton to ${name};
    grant select on baton.runs, baton.steps, baton.failures, baton.backlog, baton.unclaimed_signals to ${name};
    grant execute on function baton.moment(), baton.fingerprint(text, text), baton.ms_between(timestamptz, timestamptz), baton.id_at(timestamptz), baton.runs_between(timestamptz, timestamptz) to ${name}`);
  const client = new pg.Client(database.ownerUrl);
  await client.connect();
  await client.query(`set role ${name}`);
  for (const view of Object.keys(COLUMNS)) {
    const { rows } = await client.query(`select v::text as row from baton.${view} v`);
    expect(JSON.stringify(rows)).not.toContain("canary");
  }
  expect((await client.query("select id from baton.runs_between('2026-01-01', '2100-01-01')")).rows).toEqual([{ id: runs[0]!.id }]);
  for (const text of ["table baton.run", `select baton.state('${runs[0]!.id}')`, `select baton.find_run('${runs[0]!.id}')`])
    await expect(client.query(text)).rejects.toMatchObject({ code: "42501" });
  await client.end();
  await database.query(`drop owned by ${name}; drop role ${name}`);
});

test("readers and operators may read views, producers and pollers may not, and nobody writes through one", async () => {
  for (const view of Object.keys(COLUMNS)) {
    await read(`select * from baton.${view}`);
    await expect(producer.query(`select from baton.${view}`)).rejects.toMatchObject({ code: "42501" });
    for (const verb of ["delete from", "insert into", "truncate"])
      await expect(reader.query(`${verb} baton.${view}${verb === "insert into" ? " select" : ""}`)).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|42809|55000)$/),
      });
  }
});

test("views belong to a role that reads rows and writes none, and that nobody logs in as", async () => {
  const owners = await database.query(
    "select distinct relowner::regrole::text as owner from pg_class where relnamespace = 'baton'::regnamespace and relkind = 'v'",
  );
  expect(owners).toEqual([{ owner: "baton_views" }]);
  const rights = await database.query(
    `select distinct privilege_type as may from pg_class, aclexplode(relacl)
     where relnamespace = 'baton'::regnamespace and relkind in ('r', 'p') and grantee = 'baton_views'::regrole`,
  );
  expect(rights).toEqual([{ may: "SELECT" }]);
  const [role] = await database.query(
    "select rolsuper, rolcanlogin, rolcreaterole, rolbypassrls, has_schema_privilege('baton_views', 'baton', 'create') as creates from pg_roles where rolname = 'baton_views'",
  );
  expect(role).toEqual({ rolsuper: false, rolcanlogin: false, rolcreaterole: false, rolbypassrls: false, creates: false });
});
