import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
  type DatabaseErrorFacts,
} from "../domain/database-errors.ts";
import { UnsendableValueError } from "../domain/statement.ts";

// SQLSTATEs that do not tell whether the transaction was committed: a lost connection (08), a
// server that shuts down or kills the session (57P), an idle-in-transaction kill, "completion
// unknown", and errors of the system or of Postgres itself.
const unknown = /^(08|57P|25P03|25P04|40003|58|F0|XX)/;
// Rolled back, and worth another try: serialization, deadlock, lock and statement timeouts,
// resources, read-only fail-over.
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
  readonly where?: unknown;
  readonly routine?: unknown;
  readonly name?: unknown;
  readonly cause?: unknown;
  readonly sourceError?: unknown;
}

/**
 * Turns whatever a driver threw into one of the errors of `domain/database-errors.ts`. An outcome
 * is unknown only if the call can have reached the database and no definitive SQLSTATE says what
 * became of it. schema: the engine's, of which something that is missing says that it is older.
 *
 * Both drivers put the SQLSTATE in `code`; Neon's has none for a proxy error, a lost answer or a
 * timeout (driver 1.2.0).
 *
 * @example classifyError({ code: "23505", message: "…" }, "baton") // DatabaseRefusedError
 */
export function classifyError(thrown: unknown, schema: string): Error {
  if (thrown instanceof DatabaseConfigurationError || thrown instanceof DatabaseBusyError) return thrown;
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as DriverError;
  const sqlstate = sqlstateOf(error);
  const facts = {
    sqlstate,
    constraint: text(error.constraint),
    detail: text(error.detail),
    where: text(error.where),
    rolledBack: saysError(error),
    cause: thrown,
  };
  const message = withAdvice(text(error.message) ?? "the database call failed", error, sqlstate);
  if (sqlstate === undefined) return withoutSqlstate(error, message, facts);
  if (unknown.test(sqlstate) && !facts.rolledBack) return new DatabaseUnknownOutcomeError(message, facts);
  if (hadNothingToCopy(message)) return new DatabaseRefusedError(message, facts);
  if (busy.test(sqlstate) || wasReplaced(sqlstate, message)) return new DatabaseBusyError(message, facts);
  // Whatever the server's language, the name stands in its message.
  if (missing.test(sqlstate) && names(message, schema, sqlstate))
    return new OlderSchemaError(sqlstate === "3F000" ? "none" : "older", facts, schema);
  return new DatabaseRefusedError(message, facts);
}

/** Whether a message names the schema, or something in it. */
function names(message: string, schema: string, sqlstate: string): boolean {
  return new RegExp(`(?<![\\w.])${schema}${sqlstate === "3F000" ? "(?!\\w)" : "\\.\\w"}`).test(message);
}

/** The timeout of the server's that a SQLSTATE tells of. */
const timeouts: Readonly<Record<string, string>> = {
  "57014": "statement_timeout",
  "55P03": "lock_timeout",
  "25P03": "idle_in_transaction_session_timeout",
  "25P04": "transaction_timeout",
  "57P05": "idle_session_timeout",
};

/**
 * Names the setting to raise where one of the server's timeouts fired: so Postgres' routine for
 * them says in every language. NOWAIT has the SQLSTATE of a lock timeout and another routine; only
 * the words tell a statement that somebody cancelled.
 */
function withAdvice(message: string, error: DriverError, sqlstate = ""): string {
  const name = timeouts[sqlstate];
  if (name === undefined || error.routine !== "ProcessInterrupts" || message.includes("due to user request")) return message;
  return `${message}: raise ${name} for this login or its database`;
}

function withoutSqlstate(error: DriverError, message: string, facts: DatabaseErrorFacts): Error {
  if (wasNeverSent(error)) return new DatabaseBusyError(message, facts);
  return isAboutTheRequest(error, message) ? new DatabaseRefusedError(message, facts) : new DatabaseUnknownOutcomeError(message, facts);
}

/**
 * Neon's proxy refuses a request that is too large without a SQLSTATE (HTTP 413): the same as
 * Postgres' own limits (54). PgBouncer says of a wrong password that the protocol was violated
 * (08P01): the same as Postgres' 28P01.
 */
function sqlstateOf(error: DriverError): string | undefined {
  if (/^(SASL|password) authentication failed/i.test(text(error.message) ?? "")) return "28P01";
  if (typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code)) return error.code;
  return text(error.message)?.includes("(HTTP status 413)") === true ? "54000" : undefined;
}

/** ERROR as Postgres writes it in the languages that it has. */
const errorWord = /^(ERROR|ERRORE|ERREUR|ERRO|FEHLER|FEL|FOUT|HATA|BŁĄD|ОШИБКА|ПОМИЛКА|エラー|오류|错误|錯誤|შეცდომა)$/;

/**
 * Postgres says ERROR only of what it has rolled back, whatever the SQLSTATE, which a statement may
 * choose for itself; what ends the session is FATAL or PANIC. A pooler's words about a lost server
 * name no routine of Postgres, and Neon's proxy says 08P01 of a cancelled query without a severity.
 */
function saysError(error: DriverError): boolean {
  return typeof error.severity === "string" && errorWord.test(error.severity) && text(error.routine) !== undefined;
}

/**
 * What the endpoint says of a request that it did not understand or forward, in Neon's words and in
 * those of the local one.
 */
const aboutTheRequest =
  /^(could not parse the HTTP request body|invalid (header|connection string|isolation level|username|hostname)|missing (database name|username|hostname|authentication credentials)|incorrect scheme|expected \d+ parameters but|Each query needs a text|The body is not JSON|The header Neon-Connection-String is missing|There is no isolation level)/;
/** Timed out (408) or given up by the caller (499), it may have been executed; 429 is "busy". */
const refusedStatus = /\(HTTP status 4(?!08|29|99)\d\d\)/;

/**
 * The request itself was at fault, or could not even be made: nothing was executed, nor would it be
 * the next time.
 */
function isAboutTheRequest(error: DriverError, message: string): boolean {
  if (error instanceof UnsendableValueError) return true;
  if (aboutTheRequest.test(message) || refusedStatus.test(message)) return true;
  const { sourceError } = error;
  // What fetch says of a request before it sends it; what fails on the way is "fetch failed", with
  // a cause.
  return sourceError instanceof TypeError && sourceError.cause === undefined && sourceError.message !== "fetch failed";
}

/**
 * A deployment dropped a function while a call was in it; Postgres' own words, in English in every
 * language.
 */
function wasReplaced(sqlstate: string, message: string): boolean {
  return sqlstate === "XX000" && message.startsWith("cache lookup failed for function ");
}

/**
 * What pg says for the client in a COPY FROM STDIN; Postgres calls that a cancelled query (57014).
 */
function hadNothingToCopy(message: string): boolean {
  return message.includes("No source stream defined");
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
