/** Facts about a failed call, kept for logs and for the domain error it may become. */
export interface DatabaseErrorFacts {
  readonly sqlstate?: string | undefined;
  readonly constraint?: string | undefined;
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

abstract class DatabaseError extends Error {
  readonly sqlstate: string | undefined;
  readonly constraint: string | undefined;
  readonly detail: string | undefined;

  constructor(message: string, facts: DatabaseErrorFacts) {
    super(message, { cause: facts.cause });
    this.sqlstate = facts.sqlstate;
    this.constraint = facts.constraint;
    this.detail = facts.detail;
  }
}

/** A definitive no: the database said why, nothing was applied, and the same call will be refused again. */
export class DatabaseRefusedError extends DatabaseError {
  override readonly name = "DatabaseRefusedError";
}

/** Nothing was applied, and the same call may succeed later: a deadlock, a timeout in the server, too many connections. */
export class DatabaseBusyError extends DatabaseError {
  override readonly name = "DatabaseBusyError";
}

/** The answer was lost: the call may or may not have been applied. Send the same call again, it is safe to repeat. */
export class DatabaseUnknownOutcomeError extends DatabaseError {
  override readonly name = "DatabaseUnknownOutcomeError";
}

/** Nothing was sent: the connection string or the settings are wrong. The string itself, a secret, is never in the message. */
export class DatabaseConfigurationError extends Error {
  override readonly name = "DatabaseConfigurationError";
}
