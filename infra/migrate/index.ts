/**
 * The door for who deploys: brings the schema of a database up to this version.
 *
 * ```ts
 * import { migrate } from "pgbaton/migrate";
 *
 * await migrate({ url: process.env.DATABASE_URL, roles: true, log: console.log });
 * ```
 */
import { applyFunctions, applyMigrations, applyRoles, tellOfTheDeleted } from "./apply.ts";
import { tellOfTheArchivers } from "./archivers.ts";
import { requireUtf8, withClient } from "./connection.ts";
import { findNames } from "./find-names.ts";
import { keepMonths } from "./months.ts";
import { type Names, rename, type ServiceNames } from "./names.ts";
import { tellOfThePollers } from "./pollers.ts";
import { applySearch, hasSearch } from "./search.ts";
import { tellOfTheSharers } from "./sharers.ts";
import { readSqlFiles } from "./sql-files.ts";
import type { Send } from "./turn.ts";

export { type SchemaState, checkSchema } from "./check-schema.ts";
export { type Bundle, createLogin, groupOf, type Login } from "./logins.ts";
export type { GroupRole, Names, ServiceNames } from "./names.ts";
export {
  ChangedMigrationError,
  EndedTransactionError,
  RefusedSqlError,
  RolesRefusedError,
  SearchRefusedError,
  UnlawfulFileError,
  UnusableSchemaError,
  WrongEncodingError,
} from "./errors.ts";

export interface MigrateOptions extends ServiceNames {
  /**
   * A user that owns the database and may create roles, or a member of baton_migrator; always over
   * TCP.
   */
  readonly url: string;
  /** `false`: make no roles and grant nothing; everything belongs to the deploying user. */
  readonly roles: boolean;
  /** Makes what search needs, an extension and indexes; where it is, it is kept whole anyway. */
  readonly search?: boolean | undefined;
  /**
   * Whether the service's code has an archive, to say which login it needs. Default: nothing is
   * said of it.
   */
  readonly hasArchive?: boolean | undefined;
  readonly log?: ((line: string) => void) | undefined;
  /** Default: `sql/` of this package. */
  readonly sqlDir?: string | undefined;
}

/**
 * Brings a service's schema up to this code: roles, migrations, functions, grants. Resolves with
 * the names that it has in this database.
 *
 * Safe to run twice, from two places at once, and killed half-way: each step is one transaction
 * that runs at most once. Throws ChangedMigrationError, UnlawfulFileError, RefusedSqlError,
 * EndedTransactionError, RolesRefusedError, SearchRefusedError, UnusableSchemaError or
 * WrongEncodingError.
 */
export async function migrate(options: MigrateOptions): Promise<Names> {
  const { url, roles, search = false, hasArchive, log = () => undefined, sqlDir } = options;
  const files = readSqlFiles(sqlDir);
  return withClient(url, async (client) => {
    await requireUtf8(client);
    const names = await findNames(client, options);
    const send: Send = (text, values) => client.query(rename(text, names), values as unknown[]);
    const deployment = { client, names, send, files, roles, log };
    if (roles) await applyRoles(deployment);
    await applyMigrations(deployment);
    await applyFunctions(deployment);
    if (search || (await hasSearch(deployment))) await applySearch(deployment);
    await keepMonths(deployment);
    await tellOfTheDeleted(deployment);
    if (roles) await tellOfTheSharers(deployment);
    if (roles) await tellOfThePollers(deployment);
    if (roles && hasArchive !== undefined) await tellOfTheArchivers(deployment, hasArchive);
    return names;
  });
}
