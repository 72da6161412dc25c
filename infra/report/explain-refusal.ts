import type { Database } from "../../shared/db/database.ts";
import { DatabaseRefusedError, OlderSchemaError } from "../../shared/domain/database-errors.ts";

/**
 * What the database threw, in the words of somebody who has to mend it: a schema that is missing,
 * which Postgres says of a view as if it alone were, and a right that a login lacks.
 */
export async function explainRefusal(database: Database, thrown: unknown): Promise<unknown> {
  if (thrown instanceof OlderSchemaError) return (await isMissing(database)) ? new OlderSchemaError("none", { cause: thrown }) : thrown;
  if (!(thrown instanceof DatabaseRefusedError) || thrown.sqlstate !== "42501") return thrown;
  return new Error(`${thrown.message}: as the owner, grant baton_reader to this login.`, { cause: thrown });
}

async function isMissing(database: Database): Promise<boolean> {
  const [row] = await database.query("select to_regnamespace('baton') is null as missing", []);
  return row!["missing"] === true;
}
