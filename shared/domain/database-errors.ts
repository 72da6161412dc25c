/** Facts about a failed call, kept for logs and for the domain error it may become. */
export interface DatabaseErrorFacts {
  readonly sqlstate?: string | undefined;
  readonly constraint?: string | undefined;
  readonly detail?: string | undefined;
  /** Postgres' own account of the functions that it was in. */
  readonly where?: string | undefined;
  /** Postgres said ERROR: it has rolled the transaction back, and the session goes on. */
  readonly rolledBack?: boolean | undefined;
  readonly cause?: unknown;
}

abstract class DatabaseError extends Error {
  readonly sqlstate: string | undefined;
  readonly constraint: string | undefined;
  readonly detail: string | undefined;
  readonly where: string | undefined;
  readonly rolledBack: boolean;

  constructor(message: string, facts: DatabaseErrorFacts) {
    super(message, { cause: facts.cause });
    this.sqlstate = facts.sqlstate;
    this.constraint = facts.constraint;
    this.detail = facts.detail;
    this.where = facts.where;
    this.rolledBack = facts.rolledBack === true;
  }
}

/**
 * A definitive no: the database said why, nothing was applied, and the same call will be refused
 * again.
 */
export class DatabaseRefusedError extends DatabaseError {
  override readonly name: string = "DatabaseRefusedError";

  /**
   * Postgres refused this very call and rolled it back. Then no earlier try of it was applied
   * either: a repeat would have been answered. What keeps the request or its caller out (a proxy, a
   * password, a right, a function that is not there) tells nothing of earlier tries.
   */
  get tellsOfEarlierTries(): boolean {
    return this.rolledBack && this.sqlstate !== "42501";
  }
}

/**
 * Baton's schema is missing in the database, or older than this code. Nothing was applied; code and
 * schema fit again after `npm run migrate`.
 */
export class OlderSchemaError extends DatabaseRefusedError {
  override readonly name = "OlderSchemaError";
  readonly schema: "none" | "older";

  /** called: the schema's name. */
  constructor(schema: "none" | "older", facts: DatabaseErrorFacts = {}, called = "baton") {
    const what =
      schema === "none" ? `Schema ${called} is missing in the database` : "The functions in the database are older than this code";
    const named = called === "baton" ? "" : ` --schema ${called}`;
    const inClone = `npm run migrate${named === "" ? "" : ` --${named}`}`;
    super(`${what}: as its owner, run pgbaton migrate${named}, or ${inClone} in a clone of the repository.`, facts);
    this.schema = schema;
  }

  override get tellsOfEarlierTries(): boolean {
    return false;
  }

  /**
   * A call on its way while a deployment replaces the functions may miss one of them; a few more
   * tries tell.
   */
  get mayPass(): boolean {
    return this.sqlstate !== undefined;
  }
}

/**
 * Nothing was applied, and the same call may succeed later: a deadlock, a timeout in the server,
 * too many connections.
 */
export class DatabaseBusyError extends DatabaseError {
  override readonly name = "DatabaseBusyError";
}

/**
 * The answer was lost: the call may or may not have been applied. Send the same call again, it is
 * safe to repeat.
 */
export class DatabaseUnknownOutcomeError extends DatabaseError {
  override readonly name = "DatabaseUnknownOutcomeError";
}

/**
 * Nothing was sent: the connection string or the settings are wrong. The string itself, a secret,
 * is never in the message.
 */
export class DatabaseConfigurationError extends Error {
  override readonly name = "DatabaseConfigurationError";
}
