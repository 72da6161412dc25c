import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { UnusableSchemaError } from "../../infra/migrate/errors.ts";
import { rename } from "../../infra/migrate/names.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { connect } from "../../shared/db/connect.ts";
import { DatabaseConfigurationError } from "../../shared/domain/database-errors.ts";
import { type EmptyServer, query, startEmptyServer } from "./empty-server.ts";

let server: EmptyServer;
let url: string;

beforeAll(async () => {
  server = await startEmptyServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  url = await server.createDatabase();
});

const roles = async (pattern: string) =>
  (await query(server.url, "select rolname from pg_roles where rolname ~ $1 order by 1", [pattern])).map(({ rolname }) => rolname);

const lines = (text: string) => text.split("\n").toSorted();

test("a service of another name in another schema is the same line by line, and nothing of it is called baton", async () => {
  const service = { url, roles: true, schema: "runs", service: "My-Shop", sqlDir: SQL_DIR };
  const names = await migrate(service);
  expect(names).toEqual({ schema: "runs", prefix: "my_shop" });
  const dump = await dumpSchema(url, ["runs"]);
  const committed = readFileSync(join(SQL_DIR, "schema.sql"), "utf8").replaceAll("'baton', 'pg_temp'", "'runs', 'pg_temp'");
  expect(lines(dump)).toEqual(lines(rename(committed, names)));
  expect(await migrate({ ...service, search: true })).toEqual(names);
  const found = new Set((await dumpSchema(url, ["runs"])).match(/\S*baton.*/g));
  // Who keeps the months of the audit, and a setting of the session.
  expect(found).toEqual(new Set(["'baton' else 'pg_partman' end,", "nullif(current_setting('baton.role', true), '')::name then"]));
  expect([await roles("^baton"), await checkSchema(url, SQL_DIR, "runs"), await checkSchema(url, SQL_DIR)]).toEqual([
    [],
    "current",
    "none",
  ]);
});

test("a database that has group roles keeps them, whatever the service is called by now", async () => {
  await migrate({ url, roles: true, sqlDir: SQL_DIR });
  const before = await dumpSchema(url);
  const sqlDir = server.copySql();
  appendFileSync(join(sqlDir, "functions/now.sql"), "-- changed\n");
  expect(await migrate({ url, roles: true, service: "shop", sqlDir })).toEqual({ schema: "baton", prefix: "baton" });
  expect([await dumpSchema(url), await roles("^shop")]).toEqual([before, []]);
});

test("what was migrated without roles gets those of the service when it is migrated with them", async () => {
  await migrate({ url, roles: false, service: "shop", sqlDir: SQL_DIR });
  expect(await roles("^shop")).toEqual([]);
  expect(await migrate({ url, roles: true, service: "shop", sqlDir: SQL_DIR })).toMatchObject({ prefix: "shop" });
  expect(await roles("^shop")).toHaveLength(10);
});

test("files of the service's own say baton for its schema and its roles, and keep the word anywhere else", async () => {
  const sqlDir = server.copySql();
  mkdirSync(join(sqlDir, "service"));
  writeFileSync(
    join(sqlDir, "migrations/0101_bread.sql"),
    "create schema bread; create table bread.loaf (name text check (name = 'baton'));\ncreate view bread.run as select id from baton.run;",
  );
  writeFileSync(
    join(sqlDir, "service/grants.sql"),
    "grant usage on schema bread to baton_poller; grant select on bread.loaf to baton_poller;",
  );
  await migrate({ url, roles: true, schema: "runs", service: "bakery", sqlDir });
  await query(url, "insert into bread.loaf select 'baton'");
  expect(await query(url, "select has_table_privilege('bakery_poller', 'bread.loaf', 'select') as may, name from bread.loaf")).toEqual([
    { may: true, name: "baton" },
  ]);
});

test.each([
  ["shop", "it holds what somebody else has made", "create schema shop; create table shop.sale ()"],
  ["order", "its name is a word of SQL", "select"],
])("the schema %s is not taken where %s, and nothing was done", async (schema, why, before) => {
  await query(url, before);
  const refused = migrate({ url, roles: true, schema, service: "neat", sqlDir: SQL_DIR });
  await expect(refused).rejects.toThrow(UnusableSchemaError);
  await expect(refused).rejects.toThrow(`The schema ${schema} cannot be taken: ${why}. Take another one with --schema <name>.`);
  expect(await roles("^neat")).toEqual([]);
});

test("what cannot stand in SQL without quotes is no name of a schema, for whoever hears it first", async () => {
  for (const schema of ["Baton", "pg_runs", "1st", "a-b", "", "a.b", `"a"`, "é", "a".repeat(49), "public", "information_schema"]) {
    expect(() => connect({ url, schema })).toThrow(DatabaseConfigurationError);
    await expect(migrate({ url, roles: true, schema })).rejects.toThrow(`"${schema}" cannot be the name of a schema: it takes `);
    await expect(checkSchema(url, SQL_DIR, schema)).rejects.toThrow(DatabaseConfigurationError);
  }
});
