import { checkSchema, migrate } from "../migrate/index.ts";
import { printMigration } from "../migrate/print.ts";
import { prefixOf, rename } from "../migrate/names.ts";
import { type DatabaseOptions, placeOf, print, schemaOf, tell, urlOf } from "./context.ts";

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
  if (flags.print)
    return print(
      rename(printMigration({ roles: flags.roles, from: flags.from }), { schema: schemaOf(flags), prefix: prefixOf(flags.service) }),
    );
  const url = urlOf(flags);
  tell(`Migrating ${placeOf(url)}`);
  const schema = schemaOf(flags);
  if ((await checkSchema(url, undefined, schema)) === "newer") return tell("The schema is newer than this version and stays as it is.");
  await migrate({ url, roles: flags.roles, search: flags.search, schema, service: flags.service, log: print });
  print("The schema is up to date.");
}
