import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EmptyServer } from "./empty-server.ts";

const FIXTURE = new URL("fixtures/functions-by-rows.sql", import.meta.url);
const LATER_MIGRATIONS = ["0004_lean_rounds"];

/** A copy of `sql/` as it was before claims, rounds and fresh runs travelled by columns. */
export function olderSql(server: EmptyServer): string {
  const sqlDir = server.copySql();
  for (const name of LATER_MIGRATIONS) rmSync(join(sqlDir, `migrations/${name}.sql`));
  for (const folder of ["functions", "views"]) {
    rmSync(join(sqlDir, folder), { recursive: true });
    mkdirSync(join(sqlDir, folder));
  }
  writeFileSync(join(sqlDir, "retired.sql"), "");
  const [, ...files] = readFileSync(FIXTURE, "utf8").split(/^-- file: /m);
  // Asked for by whoever migrates.
  const months = 'create or replace function baton.keep_months() returns jsonb language sql as $$ select \'{"by": "baton"}\'::jsonb $$;';
  writeFileSync(join(sqlDir, "functions/keep_months.sql"), `-- Of nothing.\n${months}\n`);
  for (const file of files)
    writeFileSync(join(sqlDir, `functions/${file.slice(0, file.indexOf("\n"))}.sql`), file.slice(file.indexOf("\n") + 1));
  return sqlDir;
}
