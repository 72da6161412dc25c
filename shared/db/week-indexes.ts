import type { Database } from "./database.ts";

const schema = "baton";

/** An index of a closed week that lists are in want of. */
export interface MissingIndex {
  readonly name: string;
  /** Each is sent by itself: an index is built beside writers only outside of a transaction. */
  readonly statements: readonly string[];
}

/** What became of the indexes of closed weeks. */
export interface BuiltIndexes {
  readonly built: readonly string[];
  /** How many are left to the next time. */
  readonly left: number;
}

/** Those that are missing, of the newest closed week first; what a build left unfinished counts. */
export async function missingIndexes(database: Database): Promise<readonly MissingIndex[]> {
  const [row] = await database.query<{ missing: readonly MissingIndex[] }>(`select ${schema}.missing_indexes() as missing`);
  return row!.missing;
}

/**
 * Builds them one after the other, as long as there is time: leftMs says how much, in milliseconds.
 *
 * A build that is cut off leaves an index that the next call drops and builds again. A build waits
 * for the transactions that were there before it, and for nobody's lock but other builds': whoever
 * reads or writes the week does not notice. Throws what the database says.
 */
export async function buildIndexes(database: Database, leftMs: () => number): Promise<BuiltIndexes> {
  const missing = await missingIndexes(database);
  const built: string[] = [];
  for (const { name, statements } of missing) {
    for (const statement of statements) {
      const timeoutMs = leftMs();
      if (timeoutMs <= 0) return { built, left: missing.length - built.length };
      await database.query(statement, [], { timeoutMs });
    }
    built.push(name);
  }
  return { built, left: 0 };
}
