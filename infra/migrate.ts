import { parseArgs } from "node:util";
import { requireOwnerUrl } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { applyFunctions, applyMigrations, applyRoles, tellOfTheDeleted } from "./migrate/apply.ts";
import { requireUtf8, withClient } from "./migrate/connection.ts";
import { keepMonths } from "./migrate/months.ts";
import { tellOfThePollers } from "./migrate/pollers.ts";
import { applySearch, hasSearch } from "./migrate/search.ts";
import { readSqlFiles } from "./migrate/sql-files.ts";

export { type SchemaState, checkSchema } from "./migrate/check-schema.ts";

export interface MigrateOptions {
  /**
   * A user that owns the database and may create roles, or a member of baton_migrator; always over
   * TCP.
   */
  readonly url: string;
  /** `false`: make no roles and grant nothing; everything belongs to the deploying user. */
  readonly roles: boolean;
  /** Makes what search needs, an extension and indexes; where it is, it is kept whole anyway. */
  readonly search?: boolean;
  readonly log?: (line: string) => void;
  /** Default: `sql/` of this project. */
  readonly sqlDir?: string;
}

/**
 * Brings schema baton up to this code: roles, migrations, functions, grants.
 *
 * Safe to run twice, from two places at once, and killed half-way: each step is one transaction
 * that runs at most once. Throws ChangedMigrationError, UnlawfulFileError, RefusedSqlError,
 * EndedTransactionError,
 * RolesRefusedError, SearchRefusedError or WrongEncodingError.
 */
export async function migrate({ url, roles, search = false, log = () => undefined, sqlDir }: MigrateOptions): Promise<void> {
  const files = readSqlFiles(sqlDir);
  await withClient(url, async (client) => {
    await requireUtf8(client);
    const deployment = { client, files, roles, log };
    if (roles) await applyRoles(deployment);
    await applyMigrations(deployment);
    await applyFunctions(deployment);
    if (search || (await hasSearch(deployment))) await applySearch(deployment);
    await keepMonths(deployment);
    await tellOfTheDeleted(deployment);
    if (roles) await tellOfThePollers(deployment);
  });
}

async function main(): Promise<void> {
  const flag = { type: "boolean", default: false } as const;
  const options = { "no-roles": flag, search: flag } as const;
  const { values } = explainArguments("Usage: npm run migrate [-- [--no-roles] [--search]]", () => parseArgs({ options }));
  const url = requireOwnerUrl(process.env, "the database to migrate", "npm run migrate");
  await migrate({ url, roles: !values["no-roles"], search: values.search, log: console.log });
  console.log("The schema is up to date.");
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
