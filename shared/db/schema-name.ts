import { DatabaseConfigurationError } from "../domain/database-errors.ts";

/** The schema that a service keeps its runs in when nobody says otherwise. */
export const defaultSchema = "baton";

/**
 * What stands in SQL without quotes, leaves room for what Postgres allows a name, and is nobody
 * else's: `public` would belong to baton_migrator afterwards.
 */
export const schemaName = /^(?!pg_|(?:public|information_schema)$)[a-z_][a-z0-9_]{0,47}$/;

export const schemaNameRule =
  "it takes up to 48 small letters, digits and underscores, no digit first, not pg_, and neither public nor information_schema";

/**
 * The name itself, as it may stand in a text of SQL.
 *
 * @throws DatabaseConfigurationError
 */
export function requireSchemaName(name: string): string {
  if (schemaName.test(name)) return name;
  throw new DatabaseConfigurationError(`"${name}" cannot be the name of a schema: ${schemaNameRule}.`);
}

/** A statement of the engine's own, written for schema baton, for another one. */
export function inSchema(text: string, schema: string): string {
  return schema === defaultSchema ? text : text.replaceAll(/\bbaton(?=\.\w)/g, schema);
}
