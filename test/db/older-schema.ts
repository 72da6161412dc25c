import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EmptyServer } from "./empty-server.ts";

const FIXTURE = new URL("fixtures/functions-by-rows.sql", import.meta.url);
const LATER_MIGRATIONS = ["0004_lean_rounds"];

/** A copy of `sql/` as it was before claims, rounds and fresh runs travelled by columns. */
export function olderSql(server: EmptyServer): string {
  const sqlDir = server.copySql();
  for (const name of LATER_MIGRATIONS) rmSync(join(sqlDir, `migrations/${name}.sql`));
  rmSync(join(sqlDir, "functions"), { recursive: true });
  writeFileSync(join(sqlDir, "retired.sql"), "");
  mkdirSync(join(sqlDir, "functions"));
  const [, ...files] = readFileSync(FIXTURE, "utf8").split(/^-- file: /m);
  for (const file of files)
    writeFileSync(join(sqlDir, `functions/${file.slice(0, file.indexOf("\n"))}.sql`), file.slice(file.indexOf("\n") + 1));
  return sqlDir;
}
