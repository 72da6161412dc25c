import { DatabaseRefusedError, type Database } from "../shared/db/database.ts";
import type { Statement } from "../shared/index.ts";

/**
 * Says what a refusal by the database means to the domain, or nothing when it is somebody else's.
 */
export type Explain = (refusal: DatabaseRefusedError) => Error | undefined;

/**
 * Statements of several repositories that are committed together or not at all.
 *
 * Commit it yourself, or return its `statements` from a `sql` node: then they are a part of the
 * engine's transaction.
 */
export class UnitOfWork {
  readonly #statements: Statement[] = [];
  readonly #explanations: Explain[] = [];

  get statements(): readonly Statement[] {
    return this.#statements;
  }

  add(statements: readonly Statement[], explain: Explain): void {
    this.#statements.push(...statements);
    this.#explanations.push(explain);
  }

  /**
   * Runs everything in one transaction. Throws the domain's error for a refusal that a repository
   * can explain.
   */
  async commit(database: Database): Promise<void> {
    try {
      await database.transaction(this.#statements);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof DatabaseRefusedError)) return error;
    return this.#explanations.map((explain) => explain(error)).find((meaning) => meaning !== undefined) ?? error;
  }
}

/**
 * What repositories write with: joins the caller's unit of work, or without one makes a transaction
 * of its own.
 */
export async function write(database: Database, statements: readonly Statement[], explain: Explain, unit?: UnitOfWork): Promise<void> {
  const joined = unit ?? new UnitOfWork();
  joined.add(statements, explain);
  if (!unit) await joined.commit(database);
}
