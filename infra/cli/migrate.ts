import { withClient } from "../migrate/connection.ts";
import { findNames } from "../migrate/find-names.ts";
import { checkSchema, migrate } from "../migrate/index.ts";
import { printMigration } from "../migrate/print.ts";
import { prefixOf, rename } from "../migrate/names.ts";
import { type DatabaseOptions, placeOf, print, schemaOf, tell, urlOf } from "./context.ts";
import { CommandError, EXIT } from "./exit-codes.ts";

/** The flags of `migrate`. */
export interface MigrateFlags extends DatabaseOptions {
  /** Commander's name for what `--no-roles` takes away. */
  readonly roles: boolean;
  /** Whose name new group roles carry. */
  readonly service: string;
  readonly search?: boolean;
  readonly print?: boolean;
  /** The last migration that is applied already. */
  readonly from?: string;
}

/** `migrate`: brings the schema up to this version, or prints the SQL that would. */
export async function migrateDatabase(flags: MigrateFlags): Promise<void> {
  const { roles, from, service, search } = flags;
  if (flags.print) return print(rename(printMigration({ roles, from }), { schema: schemaOf(flags), prefix: prefixOf(service) }));
  if (from !== undefined) throw new CommandError(EXIT.usage, "--from goes with --print: without it, migrate knows what was applied.");
  const [url, schema] = [urlOf(flags), schemaOf(flags)];
  // A name that cannot be is refused before anything is said to be done.
  await withClient(url, (client) => findNames(client, { schema, service }));
  if ((await checkSchema(url, undefined, schema)) === "newer") return tell("The schema is newer than this version and stays as it is.");
  tell(`Migrating ${placeOf(url)}`);
  await migrate({ url, roles, search, schema, service, log: print });
  print("The schema is up to date.");
}
