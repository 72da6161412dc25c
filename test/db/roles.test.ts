import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { readSqlFiles } from "../../infra/migrate/sql-files.ts";
import { createTestDatabase, type Role } from "../support/database.ts";
import { checkAfterEach, newRuns } from "../support/engine-calls.ts";
import { ROLES } from "../support/global-setup.ts";

const database = await createTestDatabase();
checkAfterEach(database);

const DENIED = "42501";
/** Functions that make tables, and so run as the owner of the others. */
const OF_THE_MIGRATOR: ReadonlySet<unknown> = new Set([
  "count_facts",
  "refresh_daily",
  "drop_week",
  "keep_months",
  "lend_table",
  "make_months",
  "make_partitions",
  "search_week",
  "walk_week",
  "take_back_tables",
]);
const sessions = Object.fromEntries(ROLES.map((role) => [role, new pg.Client(database.url(role))])) as Record<Role, pg.Client>;
await Promise.all(Object.values(sessions).map((session) => session.connect()));
afterAll(() => Promise.all(Object.values(sessions).map((session) => session.end())));

/**
 * The SQLSTATE with which a statement is refused, or "allowed"; whatever it does is rolled back.
 */
async function outcome(session: pg.Client, statement: string): Promise<string> {
  await session.query("begin");
  try {
    await session.query(statement);
    return "allowed";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  } finally {
    await session.query("rollback");
  }
}

const functions = await database.query<{ name: string; args: string }>(
  `select proname as name, coalesce((select string_agg('null::' || format_type(t, null), ', ') from unnest(proargtypes) as t), '') as args
   from pg_proc where pronamespace = 'baton'::regnamespace order by proname`,
);
const tables = await database.query<{ name: string; relkind: string }>(
  "select oid::regclass::text as name, relkind from pg_class where relnamespace = 'baton'::regnamespace and relkind in ('r', 'p') order by 1",
);

/** Roles that may execute a function, as its header says. */
const granted = new Map(readSqlFiles().functions.map(({ name, grantedTo }) => [name, grantedTo]));

test("every function of the schema has one file, and its arguments one form", () => {
  expect(functions.map(({ name }) => name)).toEqual([...granted.keys()].toSorted());
});

for (const role of ROLES) {
  test(`${role} may execute exactly the functions whose header says so`, async () => {
    for (const { name, args } of functions) {
      const expected = granted
        .get(name)!
        .some((group) => group === `baton_${role}` || (role === "archiver" && group === "baton_maintainer"));
      const got = await outcome(sessions[role], `select baton.${name}(${args})`);
      expect([name, got !== DENIED]).toEqual([name, expected]);
    }
  });

  test(`${role} can neither read nor write any table of the engine directly`, async () => {
    for (const { name } of tables.filter(({ name }) => name !== "baton.migration")) {
      const statements = [`select from ${name}`, `insert into ${name} default values`, `delete from ${name}`, `truncate ${name}`];
      for (const statement of statements) expect([statement, await outcome(sessions[role], statement)]).toEqual([statement, DENIED]);
    }
  });

  test(`${role} may read which migrations were applied, and not change it`, async () => {
    expect(await outcome(sessions[role], "select name from baton.migration")).toBe("allowed");
    for (const statement of [
      "delete from baton.migration",
      "update baton.migration set name = name",
      "insert into baton.migration (name) values ('x')",
    ]) {
      expect(await outcome(sessions[role], statement)).toBe(DENIED);
    }
  });

  test(`${role} can make, change and take over nothing in the schema`, async () => {
    for (const statement of [
      "create table baton.mine ()",
      "create function baton.mine() returns int language sql return 1",
      "create or replace function baton.now() returns timestamptz language sql as 'select null::timestamptz'",
      "create view baton.mine as select 1",
      "create schema mine",
      "alter table baton.run add column mine text",
      "alter function baton.now() owner to current_user",
      "drop table baton.run",
      "create trigger mine before insert on baton.run execute function suppress_redundant_updates_trigger()",
      "set role baton_engine",
      "set role baton_migrator",
      "alter role baton_engine login",
    ]) {
      expect([statement, await outcome(sessions[role], statement)]).toEqual([statement, DENIED]);
    }
  });
}

test("readers and operators read what operators did by a view, and nobody else does", async () => {
  const outcomes = await Promise.all(ROLES.map(async (role) => [role, await outcome(sessions[role], "select from baton.actions")]));
  expect(outcomes).toEqual(ROLES.map((role) => [role, role === "reader" || role === "operator" ? "allowed" : DENIED]));
  for (const statement of ["insert into baton.actions (action) values ('x')", "delete from baton.actions"])
    expect(await outcome(sessions.operator, statement)).toBe(DENIED);
});

test("a producer may execute exactly enqueue and signal, and ask for the time that never comes", () => {
  const allowed = [...granted].filter(([, roles]) => roles.includes("baton_producer")).map(([name]) => name);
  expect(allowed).toEqual(["enqueue", "never", "signal"]);
});

test("PUBLIC may execute no function of the engine and owns no right in its schema", async () => {
  const open = await database.query(
    `select proname from pg_proc where pronamespace = 'baton'::regnamespace
       and (proacl is null or exists (select from aclexplode(proacl) where grantee = 0))
     union all select nspname from pg_namespace, aclexplode(nspacl) where nspname = 'baton' and grantee = 0
     union all select relname from pg_class, aclexplode(relacl) where relnamespace = 'baton'::regnamespace and grantee = 0`,
  );
  expect(open).toEqual([]);
});

test("every function that a role may call runs as the engine, which may change no table, but for those that are about tables", async () => {
  const rows = await database.query(
    "select proname, proowner::regrole::text as owner, prosecdef, proconfig::text from pg_proc where pronamespace = 'baton'::regnamespace and prosecdef",
  );
  for (const row of rows) {
    expect(row).toMatchObject({ owner: OF_THE_MIGRATOR.has(row["proname"]) ? "baton_migrator" : "baton_engine" });
    expect(row["proconfig"]).toContain("search_path=pg_catalog, baton, pg_temp");
  }
  const names = new Set(rows.map(({ proname }) => proname));
  const callable = [...granted].filter(
    ([name, roles]) =>
      roles.some((role) => role !== "baton_engine") &&
      !["fingerprint", "id_at", "ms_between", "never", "quantile", "runs_between", "sum_buckets"].includes(name),
  );
  expect(callable.filter(([name]) => !names.has(name))).toEqual([]);
  const [engine] = await database.query(
    "select rolsuper, rolcanlogin, rolcreaterole, rolbypassrls, has_schema_privilege('baton_engine', 'baton', 'create') as creates from pg_roles where rolname = 'baton_engine'",
  );
  expect(engine).toEqual({ rolsuper: false, rolcanlogin: false, rolcreaterole: false, rolbypassrls: false, creates: false });
});

test("a caller's own tables, functions, operators and search_path do not get into the engine", async () => {
  const session = sessions.producer;
  const runs = newRuns(2);
  for (const table of ["run", "ready", "dedup", "jsonb_to_recordset", "pg_class"])
    await session.query(`create temp table ${table} (id uuid, taken text)`);
  await session.query(`create function pg_temp.now() returns timestamptz language sql as 'select null::timestamptz';
    create function pg_temp.coalesced(bigint, integer) returns boolean language sql as 'select true';
    create operator pg_temp.> (leftarg = bigint, rightarg = integer, function = pg_temp.coalesced);
    set search_path = pg_temp, pg_catalog, baton`);
  await session.query("select baton.enqueue($1)", [JSON.stringify({ runs })]);
  await session.query("discard all");
  expect(await database.query("select run_id from baton.ready order by 1")).toEqual(runs.map(({ id }) => ({ run_id: id })));
  expect(await database.query("select id from baton.run where created_at is null")).toEqual([]);
});
