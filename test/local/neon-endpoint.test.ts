import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { neon, neonConfig, type NeonDbError } from "@neondatabase/serverless";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const endpoint = database.neon;
neonConfig.fetchEndpoint = () => endpoint.url;
const sql = neon(database.ownerUrl);

beforeEach(() => database.query("create table effect (id int primary key generated always as identity, name text unique)"));
afterEach(() => database.query("drop table effect"));

async function effects(): Promise<number> {
  return Number((await database.query("select count(*) from effect"))[0]?.["count"]);
}

async function failure(call: Promise<unknown>): Promise<NeonDbError> {
  return call.then(
    () => expect.unreachable("the call should have failed"),
    (error: NeonDbError) => error,
  );
}

const insert = () => sql`insert into effect (name) values (null) returning id`;
const slow = "select pg_sleep(600) /* of the one who leaves */";
const running = async () => (await database.query("select from pg_stat_activity where query = $1 and state = 'active'", [slow])).length;

test("values have the types that the driver gives them on Neon", async () => {
  const rows =
    await sql`select 9007199254740993::int8 as int8, 7::int4 as int4, 1.50::numeric as numeric, 'NaN'::float8 as float8, true as bool,
    '{"a": [1, null]}'::jsonb as jsonb, '2026-01-02T03:04:05.678Z'::timestamptz as timestamptz, array[1, 2] as ints, array['x', null] as texts,
    '\\x00ff'::bytea as bytea, '019b0000-0000-7000-8000-000000000000'::uuid as uuid, null::text as nothing, 'ä€😀"\\' as text`;
  expect(rows).toEqual([
    {
      int8: "9007199254740993",
      int4: 7,
      numeric: "1.50",
      float8: Number.NaN,
      bool: true,
      jsonb: { a: [1, null] },
      timestamptz: new Date("2026-01-02T03:04:05.678Z"),
      ints: [1, 2],
      texts: ["x", null],
      bytea: Buffer.from([0, 255]),
      uuid: "019b0000-0000-7000-8000-000000000000",
      nothing: null,
      text: 'ä€😀"\\',
    },
  ]);
});

test("parameters arrive as they were sent", async () => {
  const json = JSON.stringify({ text: 'it\'s "quoted" €' });
  const values = [1, "two", null, true, json, new Date("2026-01-02T03:04:05.678Z"), Buffer.from("raw"), ["a", "b"]];
  const rows = await sql.query(
    "select $1::int a, $2::text b, $3::text c, $4::bool d, $5::jsonb e, $6::timestamptz f, $7::bytea g, $8::text[] h",
    values,
  );
  expect(Object.values(rows[0] ?? {})).toEqual([1, "two", null, true, JSON.parse(json), values[5], values[6], ["a", "b"]]);
});

test("a full result tells command, row count and fields", async () => {
  const result = await sql.query("insert into effect (name) values ('a'), ('b') returning name", [], { fullResults: true });
  expect(result).toMatchObject({ command: "INSERT", rowCount: 2, rows: [{ name: "a" }, { name: "b" }] });
  expect(result.fields).toMatchObject([{ name: "name", dataTypeID: 25, dataTypeSize: -1, dataTypeModifier: -1, format: "text" }]);
});

test("an error carries Postgres' own fields", async () => {
  await sql`insert into effect (name) values ('once')`;
  const error = await failure(sql`insert into effect (name) values ('once')`);
  expect(error).toMatchObject({
    name: "NeonDbError",
    severity: "ERROR",
    code: "23505",
    constraint: "effect_name_key",
    table: "effect",
    schema: "public",
    detail: "Key (name)=(once) already exists.",
  });
});

test("two statements in one query are refused", async () => {
  expect(await failure(sql`select 1; select 2`)).toMatchObject({ code: "42601" });
});

test("a wrong password is a refusal with its code", async () => {
  const url = new URL(database.ownerUrl);
  url.password = "wrong";
  expect(await failure(neon(url.href)`select 1`)).toMatchObject({ code: "28P01" });
});

test("a batch is one transaction at the isolation level that was asked for", async () => {
  const results = await sql.transaction(
    [
      sql`insert into effect (name) values ('a')`,
      sql`select current_setting('transaction_isolation') as level, count(*)::int as effects from effect`,
    ],
    {
      isolationLevel: "RepeatableRead",
    },
  );
  expect(results).toEqual([[], [{ level: "repeatable read", effects: 1 }]]);
});

test("a read-only batch may not write", async () => {
  expect(await failure(sql.transaction([insert()], { readOnly: true }))).toMatchObject({ code: "25006" });
});

test("a batch with an error is rolled back as a whole", async () => {
  expect(await failure(sql.transaction([insert(), sql`select 1 / 0`]))).toMatchObject({ code: "22012" });
  expect(await effects()).toBe(0);
});

test("an error at COMMIT is an error of the call", async () => {
  await database.query("create table later (id int constraint later_once unique deferrable initially deferred)");
  const batch = [sql`insert into later values (1)`, sql`insert into later values (1)`];
  expect(await failure(sql.transaction(batch))).toMatchObject({ code: "23505", constraint: "later_once" });
  expect(await failure(sql`insert into later values (2), (2)`)).toMatchObject({ code: "23505", constraint: "later_once" });
  expect(await database.query("select from later")).toHaveLength(0);
  await database.query("drop table later");
});

test("no session state goes from one request to the next", async () => {
  const changes = [
    "select set_config('search_path', 'nowhere', false)",
    "set statement_timeout = '1ms'",
    "create temp table left_behind (id int)",
    "prepare left_behind as select 1",
    "listen left_behind",
    "select pg_advisory_lock(4711)",
    "begin",
  ];
  for (const change of changes) await sql.query(change);
  const state = `select current_setting('search_path') as path, current_setting('statement_timeout') as timeout, to_regclass('pg_temp.left_behind') as temp,
    (select count(*)::int from pg_prepared_statements) as prepared, (select count(*)::int from pg_listening_channels()) as listening,
    (select count(*)::int from pg_locks join pg_database as d on d.oid = database where locktype = 'advisory' and datname = current_database()) as locks`;
  for (const _ of changes) {
    expect(await sql.query(state)).toEqual([{ path: '"$user", public', timeout: "0", temp: null, prepared: 0, listening: 0, locks: 0 }]);
  }
});

test("a request over 10 MiB is refused before it is executed", async () => {
  const error = await failure(sql`insert into effect (name) values (left(${"x".repeat(11 * 1024 * 1024)}, 1))`);
  expect(error.message).toMatch(/HTTP status 413/);
  expect(await effects()).toBe(0);
});

test("an answer over 10 MiB is lost: a single statement was committed, a batch rolled back", async () => {
  const wide = sql`insert into effect (name) select 'wide' returning repeat('x', 11 * 1024 * 1024)`;
  expect((await failure(sql.transaction([wide]))).message).toMatch(/HTTP status 507/);
  expect(await effects()).toBe(0);
  expect((await failure(wide)).message).toMatch(/HTTP status 507/);
  expect(await effects()).toBe(1);
});

test("what is no call of the protocol gets status 400 or 404", async () => {
  const post = (body: string, headers: Record<string, string>, path = "") => fetch(endpoint.url + path, { method: "POST", body, headers });
  const known = { "Neon-Connection-String": database.ownerUrl };
  expect((await post("{", known)).status).toBe(400);
  expect((await post("{}", known)).status).toBe(400);
  expect((await post("null", known)).status).toBe(400);
  expect((await post('{"query":"select 1"}', {})).status).toBe(400);
  expect((await post('{"queries":[]}', { ...known, "Neon-Batch-Isolation-Level": "Best" })).status).toBe(400);
  expect((await post('{"query":"select 1"}', known, "/other")).status).toBe(404);
});

test("a caller without array mode gets rows as objects", async () => {
  const headers = { "Neon-Connection-String": database.ownerUrl };
  const response = await fetch(endpoint.url, { method: "POST", body: '{"query":"select 1 as one"}', headers });
  expect(await response.json()).toMatchObject({ rows: [{ one: "1" }], rowAsArray: false });
});

test("a statement whose caller has gone is cancelled", async () => {
  const caller = new AbortController();
  const call = failure(sql.query(slow, [], { fetchOptions: { signal: caller.signal } }));
  await until("the statement runs", async () => (await running()) === 1);
  caller.abort();
  expect((await call).code).toBeUndefined();
  await until("the statement was cancelled", async () => (await running()) === 0);
});

test("a session that is killed while it works answers with a code, and the next call has a new session", async () => {
  const call = failure(sql.query(slow));
  await until("the statement runs", async () => (await running()) === 1);
  await database.query("select pg_terminate_backend(pid) from pg_stat_activity where query = $1", [slow]);
  expect(await call).toMatchObject({ code: "57P01" });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
});

test("requests and statements are counted, those of a batch one by one", async () => {
  const { requests, statements } = endpoint.stats;
  await sql.transaction([sql`select 1`, sql`select 2`]);
  await sql`select 3`;
  expect({ requests: endpoint.stats.requests - requests, statements: endpoint.stats.statements - statements }).toEqual({
    requests: 2,
    statements: 3,
  });
});

test("copy … from stdin is refused with a sentence, alone and in a batch, and holds no session", async () => {
  const refused = { code: "0A000", message: expect.stringContaining("COPY FROM STDIN has no data to read from") };
  const copy = "copy effect (name) from stdin";
  expect(await failure(sql.query(copy))).toMatchObject(refused);
  expect(await failure(sql.transaction([insert(), sql.query(copy)]))).toMatchObject(refused);
  const copying = "select from pg_stat_activity where query = $1 and state = 'active'";
  await until("no session copies", async () => (await database.query(copying, [copy])).length === 0);
  expect([await effects(), await sql`select 1 as one`]).toEqual([0, [{ one: 1 }]]);
});

test("a request whose Host header is not this machine is 400, and none is served with a wrong password", async () => {
  const statusFor = async (host: string): Promise<number | undefined> => {
    const sent = request({ host: "127.0.0.1", port: endpoint.port, path: "/sql", method: "POST", headers: { host } }).end("{}");
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  expect(await statusFor("evil.example")).toBe(400);
  const wrong = Object.assign(new URL(database.ownerUrl), { password: "wrong" });
  const headers = { "neon-connection-string": wrong.href };
  const refused = await fetch(endpoint.url, { method: "POST", headers, body: '{"query":"select 1"}' });
  expect(await refused.json()).toMatchObject({ code: "28P01" });
  expect(await (await fetch(endpoint.url, { method: "POST", body: '{"query":"select 1"}' })).text()).toMatch(
    /Neon-Connection-String is missing/,
  );
});
