import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dumpSchema } from "../../infra/dump-schema.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { HOSTILE } from "../support/settings.ts";
import { query, startEmptyServer } from "./empty-server.ts";

const server = await startEmptyServer();
afterAll(() => server[Symbol.asyncDispose]());

/** A collation by which accents and cases are alike, named like the one that compares bytes. */
const ALIKE = `create collation hostile."C" (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`;

const TIMEOUTS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"];

const DATABASES: [what: string, settings: readonly string[]][] = [
  ["types, operators and collations named like the built-in ones first in its path", ["search_path = hostile, pg_catalog"]],
  ["no path at all", ["search_path = ''"]],
  ["SERIALIZABLE as its default", ["default_transaction_isolation = serializable"]],
  ["read-only transactions as its default", ["default_transaction_read_only = on"]],
  ["timeouts shorter than a migration", TIMEOUTS.map((name) => `${name} = '40ms'`)],
  [
    "another zone, other formats and another dialect",
    [
      "timezone = 'America/St_Johns'",
      "datestyle = 'SQL, DMY'",
      "intervalstyle = sql_standard",
      "bytea_output = escape",
      "standard_conforming_strings = off",
      "transform_null_equals = on",
      "array_nulls = off",
      "default_toast_compression = pglz",
      "check_function_bodies = off",
      "plpgsql.variable_conflict = use_variable",
    ],
  ],
];

function without(url: string, names: readonly string[]): string {
  return names.map((name) => `alter database ${new URL(url).pathname.slice(1)} reset ${name}`).join("; ");
}

test.each(DATABASES)("in a database with %s the migrations make what they make elsewhere", async (_, settings) => {
  const url = await server.createDatabase();
  await query(url, HOSTILE);
  await query(url, ALIKE);
  const known = new Set((await query(url, "select name from pg_settings")).map(({ name }) => String(name)));
  for (const setting of settings) {
    const name = setting.split(" ")[0]!;
    if (known.has(name) || /^(timezone|datestyle|intervalstyle)$|\./.test(name))
      await query(url, `alter database ${new URL(url).pathname.slice(1)} set ${setting}`);
  }
  await migrate({ url, roles: true });
  // What the migrations made is read in sessions that have time for it.
  const timeouts = TIMEOUTS.filter((name) => known.has(name));
  const options = encodeURIComponent(timeouts.map((name) => `-c ${name}=0`).join(" "));
  await query(`${url}?options=${options}`, without(url, timeouts));
  expect(await checkSchema(url)).toBe("current");
  expect(await dumpSchema(url)).toBe(readFileSync(join(SQL_DIR, "schema.sql"), "utf8"));
});
