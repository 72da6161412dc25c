import { describeError } from "../domain/errors.ts";

/**
 * An error as it is logged: what it says and where, without the facts that carry values of rows or
 * headers of requests (a driver's cause holds the connection string), and without the credentials
 * of a URL in its text.
 */
export function loggable(thrown: unknown): Record<string, unknown> {
  const { name, message, stack } = describeError(thrown);
  const sqlstate = typeof thrown === "object" && thrown !== null && "sqlstate" in thrown ? thrown.sqlstate : undefined;
  return { name, message: withoutCredentials(message), sqlstate, stack: stack === undefined ? undefined : withoutCredentials(stack) };
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^\s/]*@/g, "://***@");
}
