import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";

/**
 * A copy of `sql/` as the next version might be: every function's body differs, the calls and a
 * part of them have to be dropped first, as when their type changes, and a migration adds a column
 * to some tables, and a table.
 */
export function nextSql(folder: string, version: number, tables: readonly string[]): string {
  const sqlDir = join(folder, `version-${version}`);
  cpSync(SQL_DIR, sqlDir, { recursive: true });
  for (const name of readdirSync(join(sqlDir, "functions"))) {
    const file = join(sqlDir, "functions", name);
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("as $$", (found) => `${found} -- version ${version}\n`),
    );
  }
  const dropped = "claim(uuid, jsonb), baton.advance(uuid, integer, jsonb), baton.enqueue(jsonb), baton.take_batch(jsonb, timestamptz)";
  appendFileSync(join(sqlDir, "retired.sql"), `drop function if exists baton.${dropped}; -- version ${version}\n`);
  const columns = tables.map((table) => `alter table baton.${table} add column more_${version} int;\n`);
  writeFileSync(join(sqlDir, `migrations/9000_more_${version}.sql`), `${columns.join("")}create table baton.more_${version} (id int);\n`);
  return sqlDir;
}
