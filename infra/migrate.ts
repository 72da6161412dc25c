import { archive } from "../shared/workflows/retention.ts";
import { requireOwnerUrl } from "./deploy/target.ts";
import { checkSchema, migrate, type MigrateOptions } from "./migrate/index.ts";

export { type MigrateOptions, type SchemaState, checkSchema, migrate } from "./migrate/index.ts";

/** Migrates for the service of this repository. */
export function migrateService(options: MigrateOptions): Promise<void> {
  return migrate({ hasArchive: archive !== undefined, ...options });
}

async function main(): Promise<void> {
  const unknown = process.argv.slice(2).filter((argument) => !["--no-roles", "--search"].includes(argument));
  if (unknown.length > 0) throw new Error(`Unknown argument ${unknown[0]}. Usage: npm run migrate [-- [--no-roles] [--search]]`);
  const url = requireOwnerUrl(process.env, "the database to migrate", "npm run migrate");
  if ((await checkSchema(url)) === "newer") return console.log("The schema is newer than this code and stays as it is.");
  await migrateService({ url, roles: !process.argv.includes("--no-roles"), search: process.argv.includes("--search"), log: console.log });
  console.log("The schema is up to date.");
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
