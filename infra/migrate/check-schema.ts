import { defaultSchema, requireSchemaName } from "../../shared/db/schema-name.ts";
import { requireUtf8, withClient } from "./connection.ts";
import { isOfBaton, readSqlFiles } from "./sql-files.ts";

/**
 * How a database stands to this code: `none`: never migrated; `older`: `npm run migrate` would
 * change something;
 * `newer`: it has migrations of Baton that this code does not know. What a service has deleted of
 * its own does not count.
 */
export type SchemaState = "current" | "older" | "none" | "newer";

/**
 * Compares the applied migrations and functions with the files; needs SELECT on the table of the
 * applied ones only. Throws WrongEncodingError.
 */
export async function checkSchema(url: string, sqlDir?: string, schema = defaultSchema): Promise<SchemaState> {
  const applied = await appliedFiles(url, requireSchemaName(schema));
  if (applied === undefined) return "none";
  const files = readSqlFiles(sqlDir);
  const expected = new Map(files.migrations.map(({ name, checksum }) => [name, checksum]));
  const migrations = [...applied.keys()].filter((name) => name !== "functions" && name !== "roles");
  if (migrations.some((name) => isOfBaton(name) && !expected.has(name))) return "newer";
  expected.set("functions", files.functionsChecksum);
  return [...expected].every(([name, checksum]) => applied.get(name) === checksum) ? "current" : "older";
}

function appliedFiles(url: string, schema: string): Promise<Map<string, string> | undefined> {
  return withClient(url, async (client) => {
    await requireUtf8(client);
    const { rows: tables } = await client.query("select from pg_class where relname = 'migration' and relnamespace = to_regnamespace($1)", [
      schema,
    ]);
    if (tables.length === 0) return undefined;
    const { rows } = await client.query<{ name: string; checksum: string }>(`select name, checksum from ${schema}.migration`);
    return new Map(rows.map(({ name, checksum }) => [name, checksum]));
  });
}
