import { afterAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { startNeonEndpoint } from "../../infra/local/neon-endpoint.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import { rename } from "../../infra/migrate/names.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { migrate } from "../../infra/migrate.ts";
import { createClient } from "../../shared/client.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { makeReport } from "../../shared/db/report-repository.ts";
import { readReportRequest } from "../../shared/domain/reports.ts";
import { maintain } from "../../shared/engine/maintain/maintain.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { choresOn } from "../../shared/lambda/chores.ts";
import { assertInvariants } from "../support/invariants.ts";
import { poll } from "../support/poller.ts";
import { asUser, query, startEmptyServer } from "./empty-server.ts";

const ROLES = ["producer", "poller", "reader", "operator", "maintainer", "archiver", "migrator"] as const;
const RUNS = 300;
const DENIED = "42501";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const server = await startEmptyServer();
const neon = await startNeonEndpoint({ postgres: { host: "127.0.0.1", port: server.port } });
afterAll(async () => {
  await neon.close();
  await server[Symbol.asyncDispose]();
});
const [url, elsewhere] = [await server.createDatabase(), await server.createDatabase()];
const red = await startService("red-shop", "red", "pg");
const blue = await startService("blue-shop", "blue", "neon");
// In a database of its own, blue's schema has the name of red's.
await migrate({ url: elsewhere, roles: true, schema: "red", service: "blue-shop", sqlDir: SQL_DIR });

type Service = Awaited<ReturnType<typeof startService>>;

/** A service in the one database, with a login in each group and a table of its sql nodes. */
async function startService(service: string, schema: string, driver: Driver) {
  const names = await migrate({ url, roles: true, search: true, schema, service, sqlDir: SQL_DIR });
  const login = (role: string) => `login_${names.prefix}_${role}`;
  for (const role of ROLES) await createLogin({ url, name: login(role), password: "secret", memberOf: `${names.prefix}_${role}` });
  const own = `create schema ${schema}_own; create table ${schema}_own.effect (run_id uuid primary key);
    grant usage on schema ${schema}_own to baton_poller; grant insert on ${schema}_own.effect to baton_poller`;
  const asOwner = (text: string) => query(url, rename(text, names)) as Promise<never[]>;
  await asOwner(own);
  return {
    service,
    schema,
    prefix: names.prefix,
    asOwner,
    urlOf: (role: (typeof ROLES)[number], at = url) => asUser(at, login(role), "secret"),
    open: (role: (typeof ROLES)[number]) =>
      connect({ url: asUser(url, login(role), "secret"), driver, schema, ...(driver === "neon" && { neonEndpoint: neon.url }) }),
  };
}

/** Fails each run that is another service's. */
const workflowOf = ({ service, schema }: Service) =>
  defineWorkflow({ name: "sell", version: 1, input: z.object({ service: z.literal(service), n: z.int() }) })
    .step("pack", ({ input }) => input.n)
    .sql("record", (_, { runId }) => ({
      statements: [{ text: `insert into ${schema}_own.effect values ($1)`, values: [runId] }],
      output: null,
    }));

/** Enqueues runs while two pollers work them, until all are done. */
async function live(service: Service): Promise<readonly string[]> {
  const workflow = workflowOf(service);
  await using producer = service.open("producer");
  await using poller = service.open("poller");
  const ids: string[] = [];
  const produce = async () => {
    const client = createClient({ database: producer, logger: silent });
    for (let n = 0; n < RUNS; n += 10) {
      const runs = Array.from({ length: 10 }, (_, k) => ({
        input: { service: service.service, n: n + k },
        idempotencyKey: `sale-${n + k}`,
      }));
      ids.push(...(await client.enqueueMany(workflow, runs)).map(({ id }) => id));
    }
  };
  const work = async () => {
    while ((await service.asOwner("select from baton.ending")).length < RUNS) await poll(poller, [workflow], { settings: { batch: 20 } });
  };
  await Promise.all([produce(), work(), work()]);
  return ids;
}

test("two services in one database, under load side by side with the same keys, each end their own runs and see no other", async () => {
  const all = await Promise.all([live(red), live(blue)]);
  for (const [n, service] of [red, blue].entries()) {
    const [ids, others] = [all[n]!.toSorted(), all[1 - n]!];
    expect(await service.asOwner("select run_id as id from baton.ending where status = 'done' order by 1")).toEqual(
      ids.map((id) => ({ id })),
    );
    expect(await service.asOwner("select id from baton.run order by 1")).toEqual(ids.map((id) => ({ id })));
    expect(await service.asOwner(`select run_id as id from ${service.schema}_own.effect order by 1`)).toEqual(ids.map((id) => ({ id })));
    expect(await service.asOwner("select from baton.failure")).toEqual([]);
    await assertInvariants(service.asOwner);
    await using reader = service.open("reader");
    const client = createClient({ database: reader, logger: silent });
    expect(await client.get(others[0]!)).toBeNull();
    expect(await client.get(ids[0]!)).toMatchObject({ status: "done", input: { service: service.service } });
    expect((await client.list({ limit: 1 })).runs).toMatchObject([{ id: ids.at(-1) }]);
  }
});

test.each([red, blue])("the maintenance and the reports of $service are of its own schema", async (service) => {
  await using maintainer = service.open("maintainer");
  // A sweep looks at open chunks a thousand times; here once is enough.
  const chores = choresOn(maintainer, {}).filter(({ name }) => name !== "rollup");
  expect(await maintenanceRepository(maintainer).sweepRollup(64)).toBeGreaterThan(0);
  const done = await maintain({ chores, logger: silent, deadline: { remainingMs: () => 600_000 } });
  expect(done).toMatchObject({ done: { weeks: { ahead: 3 }, months: { by: "baton" } }, failed: {} });
  await using reader = service.open("reader");
  const { rows } = await makeReport(reader, { ...readReportRequest("slow-steps", {}), report: "slow-steps" }, 60_000);
  expect(Object.fromEntries(rows.map(({ node, steps }) => [node, steps]))).toEqual({ pack: RUNS, record: RUNS });
});

test("a service whose schema is missing is told its name, and of another's calls it is told nothing", async () => {
  await using green = connect({ url: red.urlOf("poller"), driver: "pg", schema: "green" });
  await expect(green.query("select green.tick()")).rejects.toThrow(/^Schema green is missing in the database/);
  await expect(green.query("select red.ticked()")).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: "42883" });
});

/** The SQLSTATEs with which statements are refused, or "allowed", by statement. */
async function outcomes(loginUrl: string, statements: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return withClient(loginUrl, async (client) => {
    const told = new Map<string, string>();
    for (const statement of statements)
      told.set(
        statement,
        await client.query(statement).then(
          () => "allowed",
          (error: unknown) => (error as { code: string }).code,
        ),
      );
    return told;
  });
}

/** A call of every function, and reads and writes of every table and view of a schema. */
async function callsOf(at: string, schema: string): Promise<string[]> {
  const functions = `select format('select %I.%I(%s)', $1::text, proname,
      (select string_agg('null::' || format_type(t, null), ', ') from unnest(proargtypes) as t)) as text
    from pg_proc where pronamespace = $1::regnamespace`;
  const tables = `select unnest(array['select from ', 'delete from ', 'insert into ']) || oid::regclass || ' ' || unnest(array['', '', 'default values']) as text
    from pg_class where relnamespace = $1::regnamespace and relkind in ('r', 'p', 'v', 'm')`;
  return (await query(at, `${functions} union all ${tables}`, [schema])).map(({ text }) => text as string);
}

describe.each([
  ["in one database", red, blue, url, "blue"],
  ["in one database, the other way round", blue, red, url, "red"],
  ["in another database of the server, in a schema of the same name", red, blue, elsewhere, "red"],
] as const)("%s", (_where, service, other, at, schema) => {
  test.each(ROLES)(`as the %s of ${service.service}, every call and every table of ${other.service} is refused`, async (role) => {
    const calls = await callsOf(at, schema);
    expect(calls).toEqual(expect.arrayContaining([`select ${schema}.tick()`, `select from ${schema}.runs `, `delete from ${schema}.run `]));
    const more = [`set role ${other.prefix}_poller`, `set role ${other.prefix}_migrator`, `create table ${schema}.mine ()`];
    const told = await outcomes(service.urlOf(role, at), [...calls, ...more]);
    expect([...told].filter(([, outcome]) => outcome !== DENIED)).toEqual([]);
  });
});

test.each([red, blue])("as its own poller and producer $service may call what is its own", async ({ schema, urlOf }) => {
  const calls = [`select ${schema}.tick()`, `select ${schema}.enqueue('{"runs": []}')`];
  expect([...(await outcomes(urlOf("poller"), calls)).values()]).toEqual(["allowed", DENIED]);
  expect([...(await outcomes(urlOf("producer"), calls)).values()]).toEqual([DENIED, "BT040"]);
});
