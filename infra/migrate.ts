import { parseArgs } from "node:util";
import { archive } from "../shared/workflows/retention.ts";
import { requireOwnerUrl } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { checkSchema, migrate, type MigrateOptions } from "./migrate/index.ts";
import type { Names } from "./migrate/names.ts";
import { chosenSchema, serviceName } from "./service.ts";

export { type MigrateOptions, type SchemaState, checkSchema, migrate } from "./migrate/index.ts";

/** Migrates for the service of this repository. */
export function migrateService(options: MigrateOptions): Promise<Names> {
  return migrate({ hasArchive: archive !== undefined, ...options });
}

const USAGE = "Usage: npm run migrate [-- [--no-roles] [--search] [--schema <name>]]";

async function main(): Promise<void> {
  const flag = { type: "boolean", default: false } as const;
  const options = { "no-roles": flag, search: flag, schema: { type: "string" } } as const;
  const { values } = explainArguments(USAGE, () => parseArgs({ options }));
  const url = requireOwnerUrl(process.env, "the database to migrate", "npm run migrate");
  const { "no-roles": withoutRoles, search, schema = chosenSchema(process.env) } = values;
  if ((await checkSchema(url, undefined, schema)) === "newer") return console.log("The schema is newer than this code and stays as it is.");
  await migrateService({ url, roles: !withoutRoles, search, schema, service: serviceName(), log: console.log });
  console.log("The schema is up to date.");
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
