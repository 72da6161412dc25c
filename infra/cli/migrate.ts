import { checkSchema, migrate } from "../migrate/index.ts";
import { printMigration } from "../migrate/print.ts";
import { type DatabaseOptions, placeOf, print, tell, urlOf } from "./context.ts";

/** The flags of `migrate`. */
export interface MigrateFlags extends DatabaseOptions {
  /** Commander's name for what `--no-roles` takes away. */
  readonly roles: boolean;
  readonly search?: boolean;
  readonly print?: boolean;
  /** The last migration that is applied already. */
  readonly from?: string;
}

/** `migrate`: brings the schema up to this version, or prints the SQL that would. */
export async function migrateDatabase(flags: MigrateFlags): Promise<void> {
  if (flags.print) return print(printMigration({ roles: flags.roles, from: flags.from }));
  const url = urlOf(flags);
  tell(`Migrating ${placeOf(url)}`);
  if ((await checkSchema(url)) === "newer") return tell("The schema is newer than this version and stays as it is.");
  await migrate({ url, roles: flags.roles, search: flags.search, log: print });
  print("The schema is up to date.");
}
