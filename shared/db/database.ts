import type { Statement } from "../domain/statement.ts";

export {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseRefusedError,
  DatabaseUnknownOutcomeError,
  OlderSchemaError,
} from "../domain/database-errors.ts";

/** How long a call waits for its answer when it does not say. */
export const defaultTimeoutMs = 15_000;

/**
 * What one call may take: `timeoutMs` bounds the wait for an answer (default 15 s), after which the
 * outcome is unknown.
 */
export interface CallOptions {
  readonly timeoutMs?: number;
  /**
   * Runs last in a transaction, in the round trip of the commit, and takes the commit back by an
   * error; its rows are not returned.
   */
  readonly last?: Statement;
}

/** How many connections the driver `pg` opens, and who waits for one. */
export interface PoolOptions {
  /** At most so many connections (default 5). */
  readonly connections?: number;
  /**
   * Waits for a free connection as long as it takes (default: 10 seconds, then the database counts
   * as busy).
   */
  readonly patient?: boolean;
}

/**
 * The port to Postgres: the two things that every driver can do, also over one HTTP request.
 *
 * Both throw the errors of `domain/database-errors.ts` and nothing else. Neither retries.
 */
export interface Database extends AsyncDisposable {
  /** The schema that the engine's own statements go to; those of others say theirs themselves. */
  readonly schema: string;
  /** Runs one statement in a transaction of its own and returns its rows. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Row[]>;
  /**
   * Runs all statements in one READ COMMITTED transaction, or none of them; returns the rows of
   * each. With `pg` the session is clean afterwards.
   */
  transaction(statements: readonly Statement[], options?: CallOptions): Promise<Record<string, unknown>[][]>;
}
