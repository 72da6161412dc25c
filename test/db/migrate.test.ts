import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { ChangedMigrationError, RefusedSqlError } from "../../infra/migrate/errors.ts";
import { readSqlFiles, SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { killed, startScript } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { appliedMigrations, asUser, type EmptyServer, query, startEmptyServer } from "./empty-server.ts";

const files = readSqlFiles(SQL_DIR);
const migrationNames = files.migrations.map(({ name }) => name);
/** With those of other folders, which a copy of `sql/` does not have. */
const allNames = readSqlFiles().migrations.map(({ name }) => name);

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

const isApplied = (line: string): boolean => line.startsWith("applied");

test("migrating twice changes nothing the second time", async () => {
  const lines: string[] = [];
  await migrate({ url, roles: true, log: (line) => lines.push(line) });
  expect(lines.filter(isApplied)).toHaveLength(allNames.length + 1);
  const before = await dumpSchema(url);
  await migrate({ url, roles: true, log: (line) => lines.push(line) });
  expect(lines.filter(isApplied)).toHaveLength(allNames.length + 1);
  expect(await dumpSchema(url)).toBe(before);
});

for (let round = 1; round <= 5; round++) {
  test(`two deployers at once apply each migration once (round ${round})`, async () => {
    const lines: string[] = [];
    const deploy = () => migrate({ url, roles: true, log: (line) => lines.push(line) });
    await Promise.all([deploy(), deploy()]);
    const once = [
      ...allNames.map((name) => `applied ${name}`),
      `applied ${files.functions.length} functions and ${files.views.length} views`,
    ];
    expect(lines.filter(isApplied).toSorted()).toEqual(once.toSorted());
    expect(await checkSchema(url)).toBe("current");
  });
}

test("an advisory lock, which every login may hold, does not hold a deployment up", async () => {
  await query(url, "create role stranger login password 'secret'");
  await withClient(asUser(url, "stranger", "secret"), async (stranger) => {
    await stranger.query("select pg_advisory_lock(6022140762)");
    await migrate({ url, roles: true });
    await stranger.query("begin");
    await expect(stranger.query("lock table baton.migration in access share mode")).rejects.toMatchObject({ code: "42501" });
    await stranger.query("rollback");
  });
  expect(await checkSchema(url)).toBe("current");
});

/** The schema of a database that was migrated in one go; it is the same for every test. */
let dump: Promise<string> | undefined;
const undisturbed = () =>
  (dump ??= server.createDatabase().then(async (whole) => {
    await migrate({ url: whole, roles: true });
    return dumpSchema(whole);
  }));

const places = [
  { file: "roles.sql", before: [] },
  ...migrationNames.map((name, i) => ({ file: `migrations/${name}.sql`, before: migrationNames.slice(0, i) })),
  { file: `functions/${files.functions.at(-1)?.name}.sql`, before: migrationNames },
  { file: "grants.sql", before: migrationNames },
];

for (const { file, before } of places) {
  test(`a deployer killed with -9 in ${file} leaves only whole steps, and the next one finishes`, async () => {
    appendFileSync(join(sqlDir, file), "\n;select pg_sleep(600) as killed_here;\n");
    const deployer = startScript(new URL("migrate-from.ts", import.meta.url), url, sqlDir);
    const sleeping = "select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
    await until("the deployer has come to that place", async () => (await query(url, sleeping)).length === 1);
    await killed(deployer);
    expect(await appliedMigrations(url)).toEqual(before);
    await migrate({ url, roles: true });
    expect(await checkSchema(url)).toBe("current");
    expect(await dumpSchema(url)).toBe(await undisturbed());
  });
}

test("a migration that was changed after it had been applied is refused, and nothing else is done", async () => {
  await migrate({ url, roles: true });
  appendFileSync(join(sqlDir, `migrations/${migrationNames[0]}.sql`), "-- changed\n");
  writeFileSync(join(sqlDir, "migrations/9999_next.sql"), "create table baton.next (id int);");
  const refused = migrate({ url, roles: true, sqlDir });
  await expect(refused).rejects.toThrow(ChangedMigrationError);
  await expect(refused).rejects.toThrow(/was changed after it had been applied here\. Restore its text/);
  expect(await appliedMigrations(url)).toEqual(allNames);
});

test("a migration that Postgres refuses is named with its reason and leaves no trace", async () => {
  writeFileSync(join(sqlDir, "migrations/9999_next.sql"), "create table baton.next (id int); select 1 / 0;");
  const refused = migrate({ url, roles: true, sqlDir });
  await expect(refused).rejects.toThrow(RefusedSqlError);
  await expect(refused).rejects.toThrow("sql/migrations/9999_next.sql was refused: division by zero (22012)");
  expect(await appliedMigrations(url)).toEqual(migrationNames);
  expect(await query(url, "select to_regclass('baton.next') as found")).toEqual([{ found: null }]);
});

test("a migration that meets the application's locks is tried again, and holds nobody up for longer than two seconds", async () => {
  await migrate({ url, roles: true });
  writeFileSync(
    join(sqlDir, "migrations/9999_next.sql"),
    "alter table baton.ready add column more int; alter table baton.run add column more int;",
  );
  await withClient(url, async (reader) => {
    await reader.query("begin; select from baton.run");
    const migrating = migrate({ url, roles: true, sqlDir });
    const waiting = "select from pg_locks where relation = 'baton.run'::regclass and mode = 'AccessExclusiveLock' and not granted";
    const waits = async () => (await query(url, waiting)).length === 1;
    await until("the migration waits", waits);
    await until("it makes way for others", async () => !(await waits()));
    // A deadlock: the reader wants what the migration has, and has what it wants.
    await until("the migration waits again", waits);
    await reader.query("select from baton.ready").catch(() => undefined);
    await reader.query("rollback");
    await migrating;
  });
  expect(await checkSchema(url, sqlDir)).toBe("current");
});

test("functions are replaced in place, never dropped, so that calls on their way find them", async () => {
  await migrate({ url, roles: true });
  const identities = () => query(url, "select oid, proname from pg_proc where pronamespace = 'baton'::regnamespace order by oid");
  const before = await identities();
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  await migrate({ url, roles: true, sqlDir });
  expect(await identities()).toEqual(before);
});

test("a function whose body does not compile is refused, and no function is changed", async () => {
  await migrate({ url, roles: true });
  const body = (name: string, text: string) => `create or replace function baton.${name}() returns int language sql as $$ ${text} $$;`;
  writeFileSync(join(sqlDir, "functions/aaa.sql"), body("aaa", "select 1"));
  writeFileSync(join(sqlDir, "functions/zzz.sql"), body("zzz", "select baton.nowhere()"));
  await expect(migrate({ url, roles: true, sqlDir })).rejects.toThrow(
    /^sql\/functions\/zzz\.sql was refused: .*nowhere\(\) does not exist/,
  );
  expect(await query(url, "select from pg_proc where proname in ('aaa', 'zzz')")).toHaveLength(0);
});

test("a database tells whether it is current, older, newer or was never migrated", async () => {
  expect(await checkSchema(url)).toBe("none");
  await migrate({ url, roles: true });
  expect(await checkSchema(url)).toBe("current");
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  expect(await checkSchema(url, sqlDir)).toBe("older");
  writeFileSync(join(sqlDir, "migrations/0099_next.sql"), "create table baton.next (id int);");
  await migrate({ url, roles: true, sqlDir });
  expect(await checkSchema(url, sqlDir)).toBe("current");
  expect(await checkSchema(url)).toBe("newer");
});

test("a migration of the service's own that was applied and then deleted blocks nothing, and is spoken of", async () => {
  const own = (number: string) => join(sqlDir, `migrations/${number}_own.sql`);
  writeFileSync(own("0101"), "create schema own;");
  await migrate({ url, roles: true, sqlDir });
  rmSync(own("0101"));
  expect(await checkSchema(url, sqlDir)).toBe("current");
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  writeFileSync(own("0102"), "create schema more;");
  expect(await checkSchema(url, sqlDir)).toBe("older");
  const lines: string[] = [];
  await migrate({ url, roles: true, sqlDir, log: (line) => void lines.push(line) });
  expect(lines).toContain("applied here before and not in this code: 0101_own; what it made stays as it is");
  expect(await checkSchema(url, sqlDir)).toBe("current");
  expect(await query(url, "select from pg_namespace where nspname in ('own', 'more')")).toHaveLength(2);
});

test("the command says what it lacks and what it did", () => {
  const script = fileURLToPath(new URL("../../infra/migrate.ts", import.meta.url));
  const run = (args: string[], databaseUrl: string) =>
    spawnSync(process.execPath, [script, ...args], { encoding: "utf8", env: { ...process.env, DATABASE_URL: databaseUrl } });
  expect(run([], "")).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Set DATABASE_URL .*\n$/) });
  expect(run(["--fast"], url)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Unknown option '--fast'\. Usage: .*\n$/) });
  expect(run([], url)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^applied 0001_run\n[^]*The schema is up to date\.\n$/) });
});

test("the committed schema is what the migrations make on this version of PostgreSQL", async () => {
  await migrate({ url, roles: true });
  expect(await dumpSchema(url)).toBe(readFileSync(join(SQL_DIR, "schema.sql"), "utf8"));
});
