import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "../domain/database-errors.ts";

// SQLSTATEs that do not tell whether the transaction was committed: a lost connection (08), a server that shuts down or kills
// the session (57P), an idle-in-transaction kill, "completion unknown", and errors of the system or of Postgres itself.
const unknown = /^(08|57P|25P03|25P04|40003|58|F0|XX)/;
// Rolled back, and worth another try: serialization, deadlock, lock and statement timeouts, resources, read-only fail-over.
const busy = /^(40|53|55P03|55006|57014|25006)/;
// A schema, a function or a table that is not there.
const missing = /^(3F000|42883|42P01)$/;
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly severity?: unknown;
  readonly constraint?: unknown;
  readonly detail?: unknown;
  readonly cause?: unknown;
  readonly sourceError?: unknown;
}

/**
 * Turns whatever a driver threw into one of the errors of `domain/database-errors.ts`; anything that is not a definitive SQLSTATE
 * counts as an unknown outcome.
 *
 * Both drivers put the SQLSTATE in `code`; Neon's has none for a proxy error, a lost answer or a timeout (driver 1.2.0).
 *
 * @example classifyError({ code: "23505", message: "…", constraint: "dedup_key" }) // DatabaseRefusedError
 */
export function classifyError(thrown: unknown): Error {
  if (thrown instanceof DatabaseConfigurationError) return thrown;
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as DriverError;
  const sqlstate = sqlstateOf(error);
  const facts = { sqlstate, constraint: text(error.constraint), detail: text(error.detail), cause: thrown };
  const message = text(error.message) ?? "the database call failed";
  if (sqlstate === undefined) {
    return wasNeverSent(error) ? new DatabaseBusyError(message, facts) : new DatabaseUnknownOutcomeError(message, facts);
  }
  if (unknown.test(sqlstate) && !wasRolledBack(sqlstate, error)) return new DatabaseUnknownOutcomeError(message, facts);
  if (busy.test(sqlstate) || wasReplaced(sqlstate, message)) return new DatabaseBusyError(message, facts);
  // Whatever the server's language, the name stands in its message.
  if (missing.test(sqlstate) && /\bbaton\b/.test(message)) return new OlderSchemaError(sqlstate === "3F000" ? "none" : "older", facts);
  return new DatabaseRefusedError(message, facts);
}

/**
 * Neon's proxy refuses a request that is too large without a SQLSTATE (HTTP 413): the same as Postgres' own limits (54). PgBouncer
 * says of a wrong password that the protocol was violated (08P01): the same as Postgres' 28P01.
 */
function sqlstateOf(error: DriverError): string | undefined {
  if (/^(SASL|password) authentication failed/i.test(text(error.message) ?? "")) return "28P01";
  if (typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)) return error.code;
  return text(error.message)?.includes("(HTTP status 413)") === true ? "54000" : undefined;
}

/**
 * Postgres says ERROR only of what it has rolled back, such as a statement with too many parameters (08P01); what ends the
 * session is FATAL or PANIC, and Neon's proxy says 08P01 of a cancelled query without a severity.
 */
function wasRolledBack(sqlstate: string, error: DriverError): boolean {
  return error.severity === "ERROR" && /^(08P01|58|F0|XX)/.test(sqlstate);
}

/** A deployment dropped a function while a call was in it; Postgres' own words, in English in every language. */
function wasReplaced(sqlstate: string, message: string): boolean {
  return sqlstate === "XX000" && message.startsWith("cache lookup failed for function ");
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function wasNeverSent(error: DriverError): boolean {
  if (text(error.message)?.includes("(HTTP status 429)") === true) return true;
  for (let cause: unknown = error, depth = 0; typeof cause === "object" && cause !== null && depth < 4; depth++) {
    const link = cause as DriverError;
    if (typeof link.code === "string" && neverSent.has(link.code)) return true;
    cause = link.sourceError ?? link.cause;
  }
  return false;
}
