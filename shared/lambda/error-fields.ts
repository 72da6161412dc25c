import { describeError } from "../domain/errors.ts";

/**
 * An error as it is logged: what it says and where, without the facts that carry values of rows or
 * headers of requests (a driver's cause holds the connection string), and without what looks like a
 * secret.
 */
export function errorFields(thrown: unknown): Record<string, unknown> {
  const { name, message, stack } = describeError(thrown);
  const sqlstate = typeof thrown === "object" && thrown !== null && "sqlstate" in thrown ? thrown.sqlstate : undefined;
  return { name, message, sqlstate, stack };
}
