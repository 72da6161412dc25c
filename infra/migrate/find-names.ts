import type pg from "pg";
import { defaultSchema, requireSchemaName } from "../../shared/db/schema-name.ts";
import { UnusableSchemaError } from "./errors.ts";
import { type Names, prefixOf, type ServiceNames } from "./names.ts";

interface Found {
  readonly plain: boolean;
  readonly migrated: boolean;
  readonly used: boolean;
  readonly engine: string | null;
}

const FOUND = `
  select quote_ident($1) = $1 as plain, to_regclass($1 || '.migration') is not null as migrated,
    exists (select from pg_class where relnamespace = to_regnamespace($1)) or exists (select from pg_proc where pronamespace = to_regnamespace($1)) as used,
    (select min(r.rolname) from pg_proc as p join pg_roles as r on r.oid = p.proowner
     where p.pronamespace = to_regnamespace($1) and r.rolname ~ '_engine$') as engine`;

/**
 * The names of a service in a database. Roles that are there keep theirs, whatever the service is
 * called by now: logins are their members.
 *
 * Throws DatabaseConfigurationError or UnusableSchemaError.
 */
export async function findNames(client: pg.ClientBase, { schema = defaultSchema, service = "baton" }: ServiceNames): Promise<Names> {
  const { rows } = await client.query<Found>(FOUND, [requireSchemaName(schema)]);
  const { plain, migrated, used, engine } = rows[0]!;
  if (!plain) throw new UnusableSchemaError(schema, "its name is a word of SQL");
  if (used && !migrated) throw new UnusableSchemaError(schema, "it holds what somebody else has made");
  return { schema, prefix: engine === null ? prefixOf(service) : engine.replace(/_engine$/, "") };
}
