import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { explainArguments } from "./explain-arguments.ts";
import { startPostgres } from "./local/embedded-postgres.ts";
import { withClient } from "./migrate/connection.ts";
import { migrate } from "./migrate.ts";

const SCHEMA_FILE = fileURLToPath(new URL("../sql/schema.sql", import.meta.url));
const HEADER = "-- What the migrations and functions make, for reviewing; written by: npm run schema";

/** Schemas of a migrated database as text, the same on every version of PostgreSQL. */
export async function dumpSchema(url: string, schemas: readonly string[] = ["baton"]): Promise<string> {
  return withClient(url, async (client) => {
    // Names are written in full, whatever the login's own search path is.
    await client.query("set search_path = pg_catalog");
    const parts: string[] = [HEADER, ...schemas.map((schema) => `create schema ${schema};`)];
    for (const [kind, separator] of [
      ["tables", "\n\n"],
      ["views", "\n\n"],
      ["functions", "\n\n"],
      ["grants", "\n"],
    ] as const) {
      const text = readFileSync(new URL(`dump-schema/${kind}.sql`, import.meta.url), "utf8");
      const { rows } = await client.query<{ text: string }>(text, [schemas]);
      parts.push(rows.map((row) => row.text).join(separator));
    }
    return `${parts.join("\n\n")}\n`;
  });
}

/** Where two texts first differ, as a line to show. */
export function firstDifference(committed: string, actual: string): string | undefined {
  const [before, after] = [committed.split("\n"), actual.split("\n")];
  const line = after.findIndex((text, i) => text !== before[i]);
  if (line < 0 && before.length === after.length) return undefined;
  const at = line < 0 ? after.length : line;
  return `line ${at + 1}:\n- ${before[at] ?? "(end)"}\n+ ${after[at] ?? "(end)"}`;
}

async function dumpFreshDatabase(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "baton-schema-"));
  const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false });
  try {
    await migrate({ url: server.url, roles: true });
    return await dumpSchema(server.url);
  } finally {
    await server.stop();
    for (const suffix of ["", ".password", ".log"]) rmSync(server.dataDir + suffix, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const options = { check: { type: "boolean", default: false } } as const;
  const { values } = explainArguments("Usage: npm run schema [-- --check]", () => parseArgs({ options }));
  const actual = await dumpFreshDatabase();
  if (!values.check) return writeFileSync(SCHEMA_FILE, actual);
  const difference = firstDifference(readFileSync(SCHEMA_FILE, "utf8"), actual);
  if (difference === undefined) return console.log("sql/schema.sql is what the migrations make.");
  throw new Error(
    `sql/schema.sql differs from what the migrations make. Run "npm run schema" and commit it. First difference, ${difference}`,
  );
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
