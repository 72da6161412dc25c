import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { RolesRefusedError } from "../../infra/migrate/errors.ts";
import { withClient, withClientAsSet } from "../../infra/migrate/connection.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { connect } from "../../shared/db/connect.ts";
import { maintain, type MaintenanceReport } from "../../shared/engine/maintain/maintain.ts";
import { choresOn } from "../../shared/lambda/chores.ts";
import { createClock } from "../support/clock.ts";
import { uniqueName } from "../support/cluster.ts";
import type { QueryAsOwner } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";
import { asUser, type EmptyServer, query, startEmptyServer } from "./empty-server.ts";

let server: EmptyServer;
let url: string;
let sqlDir: string;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
  sqlDir = server.copySql();
});

const refusal = { code: "42501" };

async function asRole(role: string, text: string): Promise<unknown[][]> {
  return withClient(url, async (client) => {
    await client.query(`set role ${role}`);
    return (await client.query<unknown[]>({ text, rowMode: "array" })).rows;
  });
}

/** What a maintenance does as the owner, a month after runs ended, with an archive. */
async function maintained(owner: string): Promise<MaintenanceReport> {
  const asOwner: QueryAsOwner = async (text, values) => (await query(owner, text, values)) as never;
  await endRuns(asOwner, { runs: 20, failedEach: 4 });
  await createClock(asOwner).advance("60 days");
  await using database = connect({ url: owner, driver: "pg" });
  const chores = choresOn(database, { retention: { every: { done: "30 days", failed: "30 days" } }, archive: async () => {} });
  const log = () => undefined;
  return maintain({ chores, logger: { debug: log, info: log, warn: log, error: log }, deadline: { remainingMs: () => 600_000 } });
}

function writeFunction(name: string, header: string, kind: string): void {
  const text = `${header}\ncreate or replace function baton.${name}() returns name language sql ${kind} as $$ select current_user $$;\n`;
  writeFileSync(join(sqlDir, `functions/${name}.sql`), text);
}

test("without roles, the owner of a database who may create no role migrates it and runs it, and no role is made", async () => {
  await using fresh = await startEmptyServer();
  const owner = await fresh.createOwner("nocreaterole");
  await migrate({ url: owner, roles: false });
  await migrate({ url: owner, roles: false });
  expect(await checkSchema(owner)).toBe("current");
  expect(await query(owner, "select baton.ensure_partitions() >= 0 as runs")).toEqual([{ runs: true }]);
  expect(await query(owner, "select from pg_roles where rolname like 'baton\\_%'")).toHaveLength(0);
  expect(await maintained(owner)).toMatchObject({ done: { weeks: { ahead: 3 }, retention: { runs: 20 } }, failed: {}, left: [] });
});

describe("a service's own table that its sql nodes write", () => {
  const grant = "grant usage on schema shop to baton_poller; grant insert on shop.sale to baton_poller;";
  const migration = (more = "") =>
    writeFileSync(join(sqlDir, "migrations/0101_shop.sql"), `create schema shop; create table shop.sale (id int); ${more}`);

  test("is the poller's by sql/service/grants.sql, which is left out without roles", async () => {
    migration();
    mkdirSync(join(sqlDir, "service"));
    writeFileSync(join(sqlDir, "service/grants.sql"), grant);
    await migrate({ url, roles: true, sqlDir });
    expect(await asRole("baton_poller", "insert into shop.sale values (1) returning 1")).toEqual([[1]]);
    await using fresh = await startEmptyServer();
    const owner = await fresh.createOwner("nocreaterole");
    await migrate({ url: owner, roles: false, sqlDir });
    expect(await query(owner, "insert into shop.sale values (1) returning id")).toEqual([{ id: 1 }]);
  });

  test("whose grants stand in the migration is refused without roles, with where they belong", async () => {
    migration(grant);
    await using fresh = await startEmptyServer();
    const refused = migrate({ url: await fresh.createOwner("nocreaterole"), roles: false, sqlDir });
    await expect(refused).rejects.toThrow(
      /^sql\/migrations\/0101_shop\.sql was refused: role "baton_poller" does not exist \(42704\)\. .* put it into sql\/service\/grants\.sql, which --no-roles leaves out\.$/,
    );
  });
});

test.each([true, false])("nobody may execute a function just because Postgres lets everybody; with roles: %s", async (roles) => {
  await migrate({ url, roles });
  const open =
    "select proname from pg_proc where pronamespace = 'baton'::regnamespace and has_function_privilege('public', oid, 'execute')";
  expect(await query(url, open)).toEqual([]);
});

test("with roles, an owner who may create none is told what to do, and nothing was done", async () => {
  await using fresh = await startEmptyServer();
  const owner = await fresh.createOwner("nocreaterole");
  const refused = migrate({ url: owner, roles: true });
  await expect(refused).rejects.toThrow(RolesRefusedError);
  await expect(refused).rejects.toThrow(/CREATEROLE.*--no-roles/);
  expect(await checkSchema(owner)).toBe("none");
});

test("with roles, an owner with CREATEROLE who is no superuser migrates, and again when a function changed", async () => {
  await using fresh = await startEmptyServer();
  const owner = await fresh.createOwner("createrole");
  await migrate({ url: owner, roles: true });
  await migrate({ url: owner, roles: true });
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  await migrate({ url: owner, roles: true, sqlDir });
  expect(await checkSchema(owner, sqlDir)).toBe("current");
  const schemaOwners = "select distinct nspowner::regrole::text as owner from pg_namespace where nspname = 'baton'";
  expect(await query(owner, schemaOwners)).toEqual([{ owner: "baton_migrator" }]);
});

test("two deployers at once may set up the roles of two databases", async () => {
  await using fresh = await startEmptyServer();
  const [one, other] = [await fresh.createDatabase(), await fresh.createDatabase()];
  await Promise.all([migrate({ url: one, roles: true }), migrate({ url: other, roles: true })]);
  expect(await dumpSchema(other)).toBe(await dumpSchema(one));
});

test("a function's header decides who may execute it and as whom it runs", async () => {
  writeFunction("x_engine", "-- grant: baton_reader, baton_poller", "security definer");
  writeFunction("x_owner", "-- owner: migrator\n-- grant: baton_reader", "security definer");
  writeFunction("x_internal", "-- Called by other functions.", "volatile");
  await migrate({ url, roles: true, sqlDir });
  expect(await asRole("baton_reader", "select baton.x_engine()")).toEqual([["baton_engine"]]);
  expect(await asRole("baton_reader", "select baton.x_owner()")).toEqual([["baton_migrator"]]);
  expect(await asRole("baton_engine", "select baton.x_internal()")).toEqual([["baton_engine"]]);
  await expect(asRole("baton_reader", "select baton.x_internal()")).rejects.toMatchObject(refusal);
  await expect(asRole("baton_poller", "select baton.x_owner()")).rejects.toMatchObject(refusal);
  await expect(asRole("baton_producer", "select baton.x_engine()")).rejects.toMatchObject(refusal);
});

test("a grant that was taken out of a header is taken back", async () => {
  writeFunction("x", "-- grant: baton_reader, baton_poller", "volatile");
  await migrate({ url, roles: true, sqlDir });
  expect(await asRole("baton_poller", "select baton.x()")).toEqual([["baton_poller"]]);
  writeFunction("x", "-- grant: baton_reader", "volatile");
  await migrate({ url, roles: true, sqlDir });
  await expect(asRole("baton_poller", "select baton.x()")).rejects.toMatchObject(refusal);
});

test("no group role but the migrator may change a table", async () => {
  await migrate({ url, roles: true });
  for (const role of ["baton_engine", "baton_producer", "baton_poller", "baton_reader", "baton_operator"]) {
    await expect(asRole(role, "alter table baton.run add column more int")).rejects.toMatchObject(refusal);
    await expect(asRole(role, "create table baton.more (id int)")).rejects.toMatchObject(refusal);
  }
  expect(await asRole("baton_migrator", "alter table baton.run add column more int")).toEqual([]);
});

test("what was migrated without roles may be migrated with them later", async () => {
  await migrate({ url, roles: false });
  await migrate({ url, roles: true });
  const whole = await server.createDatabase();
  await migrate({ url: whole, roles: true });
  expect(await dumpSchema(url)).toBe(await dumpSchema(whole));
});

test("a member of baton_migrator that may create no role applies the next migration", async () => {
  await migrate({ url, roles: true });
  const name = uniqueName("deployer");
  await createLogin({ url, name, password: "secret", memberOf: "baton_migrator" });
  writeFileSync(join(sqlDir, "migrations/9999_next.sql"), "alter table baton.run add column more int;");
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  await migrate({ url: asUser(url, name, "secret"), roles: true, sqlDir });
  expect(await checkSchema(url, sqlDir)).toBe("current");
});

test("a poller of another stage on the same server is named by the migration, which says how to keep it out", async () => {
  await using fresh = await startEmptyServer();
  const [prod, dev] = [await fresh.createDatabase(), await fresh.createDatabase()];
  const lines: string[] = [];
  const migrateProd = async () => {
    lines.length = 0;
    await migrate({ url: prod, roles: true, log: (line) => void lines.push(line) });
    return lines.filter((line) => !/^(applied|the months of)/.test(line));
  };
  expect(await migrateProd()).toEqual([]);
  await createLogin({ url: prod, name: "poll_queue", password: "secret", memberOf: "baton_poller" });
  expect(await migrateProd()).toEqual(["logins that may claim runs in this database: poll_queue"]);
  await migrate({ url: dev, roles: true });
  await createLogin({ url: dev, name: "dev_poll_queue", password: "secret", memberOf: "baton_poller" });
  const [named, advice] = await migrateProd();
  expect(named).toBe("logins that may claim runs in this database: dev_poll_queue, poll_queue");
  const [, revoke, grant] = /: (revoke .*); (grant .* to )the logins of this stage\.$/.exec(advice!)!;
  await query(prod, revoke!);
  await query(prod, `${grant!}poll_queue`);
  expect(await migrateProd()).toEqual(["logins that may claim runs in this database: poll_queue"]);
  await expect(query(asUser(prod, "dev_poll_queue", "secret"), "select")).rejects.toMatchObject({ code: "42501" });
  expect(await query(asUser(prod, "poll_queue", "secret"), "select 1 as may")).toEqual([{ may: 1 }]);
});

test("a migration names the logins that may read whole runs for an archive, and says what to do where none may, or none needs to", async () => {
  const said = async (hasArchive: boolean) => {
    const lines: string[] = [];
    await migrate({ url, roles: true, hasArchive, log: (line) => void lines.push(line) });
    return lines.filter((line) => line.includes("archive"));
  };
  const follow = async ([advice]: string[]) => query(url, /: ((?:grant|revoke) .*;)$/.exec(advice!)![1]!);
  expect(await said(false)).toEqual([]);
  expect(await said(true)).toEqual([expect.stringMatching(/: grant baton_archiver to <the login of the maintenance>;$/)]);
  const name = uniqueName("maintain");
  await createLogin({ url, name, password: "secret", memberOf: "baton_maintainer" });
  await follow(await said(true));
  const named = `logins that may read whole runs for an archive: ${name}`;
  expect(await said(true)).toEqual([named]);
  const [first, ...advice] = await said(false);
  expect(first).toBe(named);
  await follow(advice);
  expect(await said(false)).toEqual([]);
});

test("a login has its group's rights and its own time limits; made again, it has the new password", async () => {
  await migrate({ url, roles: true });
  const name = uniqueName("login");
  await createLogin({ url, name, password: "first", memberOf: "baton_reader" });
  await createLogin({ url, name, password: "it's the second", memberOf: "baton_reader" });
  const facts = `select pg_has_role('baton_reader', 'usage') as reader, current_setting('statement_timeout') as statement,
    current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle`;
  const read = await withClientAsSet(asUser(url, name, "it's the second"), (client) => client.query(facts));
  expect(read.rows).toEqual([{ reader: true, statement: "15s", lock: "3s", idle: "10s" }]);
  await expect(query(asUser(url, name, "first"), facts)).rejects.toMatchObject({ code: "28P01" });
});
