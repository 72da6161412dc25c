import Postgres from "pg";
import { afterEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { connect } from "../../shared/db/connect.ts";
import { defaultDatabase, engineDatabase } from "../../shared/db/default-database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Clock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
await database.query("create table public.lock_of_test (id integer); insert into public.lock_of_test values (1)");
const url = database.url("owner");
afterEach(() => void (vi.useRealTimers(), vi.unstubAllEnvs()));

/** What one transaction leaves behind, and what the next one would see of it. */
const traces: [what: string, leave: string, look: string, clean: unknown][] = [
  ["a setting", "select set_config('app.tenant', 'one', false)", "select current_setting('app.tenant', true) as seen", ""],
  ["a search path", "set search_path = nowhere", "select current_setting('search_path') as seen", '"$user", public'],
  ["a role", "set role baton_reader", "select current_user = session_user as seen", true],
  ["a temporary table", "create temp table left_behind ()", "select to_regclass('pg_temp.left_behind') as seen", null],
  ["a prepared statement", "prepare p as select 1", "select count(*)::integer as seen from pg_prepared_statements where name = 'p'", 0],
  [
    "a lock",
    "select pg_advisory_lock(42)",
    "select count(*)::integer as seen from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    0,
  ],
];

test.each(traces)("%s that one transaction leaves in its session is not there in the next", async (_, leave, look, clean) => {
  await using pg = connect({ url, driver: "pg", pool: { connections: 1 } });
  const [, [first]] = (await pg.transaction([{ text: leave }, { text: "select pg_backend_pid() as pid" }])) as [unknown, [{ pid: number }]];
  const [[second], [seen]] = (await pg.transaction([{ text: "select pg_backend_pid() as pid" }, { text: look }])) as [
    [{ pid: number }],
    [object],
  ];
  // A pooler may give the second transaction another server.
  if (process.env["BATON_TEST_PGBOUNCER"] === undefined) expect(second.pid).toBe(first.pid);
  expect(seen).toEqual({ seen: clean });
});

test("a statement that was given up is cancelled on the server", async () => {
  await using pg = connect({ url, driver: "pg" });
  const running = "select count(*)::integer as n from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'";
  await expect(pg.query("select pg_sleep(600)", [], { timeoutMs: 500 })).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
  await until("the server has stopped it", async () => (await database.query(running))[0]?.["n"] === 0);
});

test("a transaction that was given up is rolled back on the server at once", async () => {
  await using pg = connect({ url, driver: "pg" });
  const statements = [{ text: "update public.lock_of_test set id = 2" }, { text: "select pg_sleep(600)" }];
  await expect(pg.transaction(statements, { timeoutMs: 500 })).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
  // Its lock is free, or this would wait for ten minutes.
  await database.query("update public.lock_of_test set id = id");
  expect(await database.query("select id from public.lock_of_test")).toEqual([{ id: 1 }]);
});

/** One connection that is busy, another call in line for it, and then a minute. */
async function inLineForAMinute(patient: boolean) {
  const pg = connect({ url, driver: "pg", pool: { connections: 1, patient } });
  await pg.query("select 1");
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const busy = pg.query("select pg_sleep(0.5)", [], { timeoutMs: 600_000 });
  const waiting = pg.query<{ one: number }>("select 1 as one", [], { timeoutMs: 600_000 });
  waiting.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(60_000);
  await busy;
  return { waiting, pg };
}

test("a step waits in line for a connection of its pool as long as it takes", async () => {
  const { waiting, pg } = await inLineForAMinute(true);
  expect(await waiting).toEqual([{ one: 1 }]);
  vi.useRealTimers();
  await pg[Symbol.asyncDispose]();
});

test("the engine waits ten seconds for a connection, and then the database is busy: nothing was sent", async () => {
  const { waiting, pg } = await inLineForAMinute(false);
  await expect(waiting).rejects.toMatchObject({ name: "DatabaseBusyError" });
  vi.useRealTimers();
  await pg[Symbol.asyncDispose]();
});

/** A session that holds a table until it ends, so that whoever reads it waits. */
async function holding(table: string) {
  const session = new Postgres.Client({ connectionString: database.ownerUrl });
  await session.connect();
  await session.query(`begin; lock table ${table}`);
  return session;
}

/** Real time, whatever a test makes of that of the pools. */
function realClock(): Clock {
  const { setTimeout, clearTimeout } = globalThis;
  return {
    now: () => performance.now(),
    after(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}

test("60 runs whose handlers query for minutes spend no attempt on waiting for a connection, and the engine's rounds go on", async () => {
  await database.query("create table public.slow (id int); grant select on public.slow to baton_poller");
  const settings = { DATABASE_URL: database.url("poller"), DATABASE_URL_PARAMETER: "", BATON_DRIVER: "pg" };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  let [started, rounds] = [0, 0];
  const workflow = defineWorkflow({ name: "slow", version: 1, input: z.object({ n: z.int() }) }).step(
    "look",
    { timeout: "4 minutes", retry: { maxAttempts: 1 } },
    async () => {
      started++;
      return (await defaultDatabase().query("select from public.slow", [], { timeoutMs: 200_000 })).length;
    },
  );
  const ids = await enqueue(
    database.database,
    workflow,
    Array.from({ length: 60 }, (_, n) => ({ n })),
  );
  const clock = realClock();
  const slow = await holding("public.slow");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const engine = runRepository(engineDatabase());
  const advance: typeof engine.advance = (...call) => (rounds++, engine.advance(...call));
  const polling = poll(engineDatabase(), [workflow], { clock, store: { ...engine, advance }, settings: { ttlMs: 3_000 } });
  const querying =
    "select from pg_stat_activity where datname = current_database() and query like '%public.slow' and wait_event_type = 'Lock'";
  await until("ten handlers query and forty wait", async () => started === 50 && (await database.query(querying)).length === 10);
  await vi.advanceTimersByTimeAsync(60_000);
  const before = rounds;
  await until("two heartbeats have gone out", () => rounds >= before + 2);
  await slow.query("rollback");
  await polling;
  vi.useRealTimers();
  await slow.end();
  for (const used of new Set([engineDatabase(), defaultDatabase()])) await used[Symbol.asyncDispose]();
  const runs = await Promise.all(ids.map((id) => runRepository(database.database).findRun(id)));
  expect(new Set(runs.map((run) => run?.status))).toEqual(new Set(["done"]));
  expect(runs.flatMap((run) => [...(run?.failures ?? []), ...(run?.crashes ? [run.id] : [])])).toEqual([]);
});

test.each(["pg", "neon"] as const)("a wrong connection string is a sentence without the string, through %s", async (driver) => {
  const wrong = [
    "postgresql://u:geheim#x@127.0.0.1/db",
    "postgresql://u:geheim/x@127.0.0.1/db",
    "postgresql://u:geheim?x@127.0.0.1/db",
    "postgresql://u:geheim@127.0.0.1:99999/db",
    " postgresql://u:geheim@127.0.0.1/db",
    "https://u:geheim@127.0.0.1/db",
    "postgresql://u:geheim@/db",
    "host=127.0.0.1 password=geheim",
  ];
  for (const text of wrong) {
    const failed: Error = await connect({ url: text, driver })
      .query("select 1")
      .then(
        () => new Error("it was taken"),
        (thrown: Error) => thrown,
      );
    expect([text, failed.name]).toEqual([text, "DatabaseConfigurationError"]);
    expect(JSON.stringify([failed.message, failed.stack, failed.cause])).not.toContain("geheim");
  }
});
