import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { connect } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { createClient } from "../../shared/client.ts";
import { makeReport } from "../../shared/db/report-repository.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { readReportRequest } from "../../shared/domain/reports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { migrate } from "../../infra/migrate.ts";
import { report } from "../../infra/report.ts";
import { assertInvariants } from "../support/invariants.ts";
import { poll } from "../support/poller.ts";
import { until } from "../support/until.ts";
import { asUser, type EmptyServer, query, startEmptyServer } from "./empty-server.ts";
import { olderSql } from "./older-schema.ts";

const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ n: z.int() }) }).step("say", ({ input }) => input.n + 1);

const silent = { debug() {}, info() {}, warn() {}, error() {} };

let server: EmptyServer;
let url: string;
let database: Database;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
  database = connect({ url, driver: "pg" });
  return () => database[Symbol.asyncDispose]();
});

const enqueue = (count: number) =>
  createClient({ database, logger: silent }).enqueueMany(
    greet,
    Array.from({ length: count }, (_, n) => ({ input: { n } })),
  );
const rowsOf = async (table: string) => (await query(url, `select from baton.${table}`)).length;

/** Stores a run as a producer of that time did, by a row. */
async function enqueueByRow(n: number): Promise<void> {
  const run = { workflow: "greet", version: 1, priority: 2, input: { n } };
  await query(
    url,
    "select baton.enqueue(jsonb_build_object('runs', jsonb_build_array($1::jsonb || jsonb_build_object('id', baton.new_id()))))",
    [JSON.stringify(run)],
  );
}

test("in a database that was never migrated, producers and pollers say that the schema is missing and what to run", async () => {
  const missing = {
    name: "OlderSchemaError",
    schema: "none",
    sqlstate: "3F000",
    message: expect.stringMatching(/^Schema baton is missing.*npm run migrate/),
  };
  await expect(enqueue(1)).rejects.toMatchObject(missing);
  await expect(poll(database, [greet])).rejects.toMatchObject(missing);
  await expect(runRepository(database).listRuns({ limit: 1 })).rejects.toMatchObject(missing);
});

test("so does a report, which asks for views, and where a view alone is missing, that the functions are older", async () => {
  const make = () => makeReport(database, readReportRequest("backlog-age", {}), 10_000);
  await expect(make()).rejects.toMatchObject({
    name: "OlderSchemaError",
    schema: "none",
    message: expect.stringMatching(/^Schema baton is missing/),
  });
  await migrate({ url, roles: false });
  await query(url, "drop view baton.backlog");
  await expect(make()).rejects.toMatchObject({
    name: "OlderSchemaError",
    schema: "older",
    message: expect.stringMatching(/older than this code/),
  });
});

test("a login in no group is told which one makes reports", async () => {
  await migrate({ url, roles: true });
  await query(url, "create role stranger login password 'secret'");
  await expect(report(["storage"], asUser(url, "stranger", "secret"), () => {})).rejects.toThrow(
    /^This login may not make reports: permission denied for .*\. Take one that is in baton_reader, or the owner's\.$/,
  );
});

test("where a function is missing that this code needs, it says that the functions are older", async () => {
  await migrate({ url, roles: false });
  await query(url, "drop function baton.advance(uuid, integer, jsonb)");
  await enqueue(3);
  const older = {
    name: "OlderSchemaError",
    schema: "older",
    sqlstate: "42883",
    message: expect.stringMatching(/older than this code.*npm run migrate/),
  };
  await expect(poll(database, [greet])).rejects.toMatchObject(older);
  expect([await rowsOf("ready"), await rowsOf("lease")]).toEqual([3, 0]);
});

test("a function of somebody else's that is missing is a plain refusal", async () => {
  await expect(database.query("select shop.sell()")).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: "3F000" });
  await expect(database.query("select sell()")).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: "42883" });
});

test("a call that is in a function while a deployment drops it was rolled back and is worth another try", async () => {
  await query(
    url,
    "create function busy(out one int, out two int) language plpgsql as $$ begin perform pg_sleep(0.4); perform from pg_namespace; end $$",
  );
  const call = database.query("select busy()");
  await until("the call is in it", async () => (await query(url, "select from pg_stat_activity where wait_event = 'PgSleep'")).length > 0);
  await query(url, "drop function busy()");
  await expect(call).rejects.toMatchObject({ name: "DatabaseBusyError", sqlstate: "XX000" });
});

test("functions that do not know fresh runs by columns store none, and the producer is told so instead of believing that they did", async () => {
  await migrate({ url, roles: false, sqlDir: olderSql(server) });
  await expect(enqueue(2)).rejects.toMatchObject({ name: "OlderSchemaError", schema: "older" });
  expect(await rowsOf("run")).toBe(0);
});

test("functions that do not know a filter would let all runs through it: the list says that they are older, and without one it lists", async () => {
  await migrate({ url, roles: false, sqlDir: olderSql(server) });
  await enqueueByRow(1);
  const client = createClient({ database, logger: silent });
  expect(await client.list({ workflow: "greet", status: "ready" })).toMatchObject({
    runs: [{ workflow: "greet" }],
    cursor: null,
    more: false,
  });
  for (const filter of [{ version: 2 }, { errorName: "Error" }, { attributes: {} }, { createdAfter: "2031-01-01T00:00:00Z" }])
    await expect(client.list(filter)).rejects.toMatchObject({ name: "OlderSchemaError", schema: "older" });
});

test("a poller that cannot read the claims of older functions gives them back, and nothing is counted against the runs", async () => {
  await migrate({ url, roles: false, sqlDir: olderSql(server) });
  for (let n = 0; n < 3; n++) await enqueueByRow(n);
  await expect(poll(database, [greet])).rejects.toMatchObject({ name: "OlderSchemaError", schema: "older" });
  expect([await rowsOf("ready"), await rowsOf("lease"), await rowsOf("failure")]).toEqual([3, 0, 0]);
});

test("functions that do not know attributes take runs and rounds without any, and of those with some they say that they are older", async () => {
  const sqlDir = server.copySql();
  for (const check of ["store_runs", "check_round"]) {
    const file = join(sqlDir, `functions/${check}.sql`);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(",attributes", ""));
  }
  await migrate({ url, roles: false, sqlDir });
  const client = createClient({ database, logger: silent });
  const older = { name: "OlderSchemaError", schema: "older" };
  const tagged = { input: { n: 1 }, attributes: { tags: ["eu"] } };
  await expect(client.enqueueMany(greet, [tagged])).rejects.toMatchObject(older);
  await expect(client.enqueueMany(greet, [{ ...tagged, idempotencyKey: "k" }])).rejects.toMatchObject(older);
  expect(await rowsOf("run")).toBe(0);
  await enqueue(1);
  await poll(database, [greet]);
  expect(await rowsOf("ending")).toBe(1);
  const kinds = [greet.step("set", (_state, { setAttributes }) => setAttributes({ set: true }))];
  kinds.push(
    greet.sql("set", (_state, { setAttributes }) => {
      setAttributes({ set: true });
      return { statements: [{ text: "select 1" }] };
    }),
  );
  for (const sets of kinds) {
    await enqueue(1);
    await expect(poll(database, [sets])).rejects.toMatchObject(older);
    // The run was given back, with what was stored before.
    expect([await rowsOf("ready"), await rowsOf("lease"), await rowsOf("failure")]).toEqual([1, 0, 0]);
    await query(
      url,
      "delete from baton.ready; delete from baton.checkpoint; delete from baton.run where id not in (select run_id from baton.ending)",
    );
  }
});

test("functions that do not know waits serve workflows without any, and of one that waits they say that they are older", async () => {
  const sqlDir = server.copySql();
  const file = join(sqlDir, "functions/check_round.sql");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(",waits,consumed,timeouts,asks", ""));
  await migrate({ url, roles: false, sqlDir });
  await enqueue(1);
  await poll(database, [greet]);
  expect(await rowsOf("ending")).toBe(1);
  const waiting = defineWorkflow({ name: "waiting", version: 1, input: z.object({}) }).waitFor("paid", {
    output: z.json(),
    timeout: "1 day",
  });
  await createClient({ database, logger: silent }).enqueue(waiting, {});
  await expect(poll(database, [greet, waiting])).rejects.toMatchObject({ name: "OlderSchemaError", schema: "older" });
  // The run was given back, and nothing of it is stored.
  expect([await rowsOf("ready"), await rowsOf("lease"), await rowsOf("checkpoint"), await rowsOf("failure")]).toEqual([1, 0, 1, 0]);
});

test("a database of the older protocol, with runs in every place, is migrated, refuses the older poller, and goes on where it was", async () => {
  await migrate({ url, roles: true, sqlDir: olderSql(server) });
  for (let n = 0; n < 6; n++) await enqueueByRow(n);
  const token = randomUUID();
  const call = async (text: string, ...values: unknown[]) => (await query(url, `select baton.${text} as answer`, values))[0]!["answer"];
  const limits = { ttl_ms: 60_000, max: 5, max_bytes: 1_000_000, low: {}, manifest: [] };
  const { runs } = (await call("claim($1, $2)", token, limits)) as { runs: { id: string; place: number }[] };
  const [ended, stored, parked, blocked, begun] = runs.map(({ id, place }) => ({ run: id, place }));
  const say = { node: "say", position: 0, attempt: 1, age_ms: 0, took_ms: 0 };
  const failure = { node: "say", attempt: 1, age_ms: 0, took_ms: 0, delay_ms: 10, error: { name: "Error", message: "no" } };
  const round = {
    ttl_ms: 60_000,
    steps: [ended, stored].map((member) => ({ ...member, ...say, output: "said before" })),
    done: [ended],
    failures: [{ ...parked, ...failure }],
    parks: [{ ...parked, delay_ms: 10 }],
    blocked: [{ ...blocked, workflow: "greet", version: 1, shape: "unknown", reason: "no such workflow" }],
  };
  await call("advance($1, 1, $2)", token, round);

  await migrate({ url, roles: true });
  const whole = await server.createDatabase();
  await migrate({ url: whole, roles: true });
  expect(await dumpSchema(url)).toBe(await dumpSchema(whole));
  await assertInvariants((text) => query(url, text) as never);
  await expect(call("advance($1, 2, $2)", token, { ...round, steps: [{ ...begun, ...say, output: 1 }] })).rejects.toMatchObject({
    code: "BT030",
  });

  await query(url, "update baton.lease set expires_at = now()");
  await poll(database, [greet]);
  expect(await query(url, "select status, count(*)::int from baton.ending group by status")).toEqual([{ status: "done", count: 6 }]);
  const outputs = await query(url, "select output from baton.checkpoint order by run_id");
  expect(outputs.filter(({ output }) => output === "said before")).toHaveLength(2);
  await assertInvariants((text) => query(url, text) as never);
});
