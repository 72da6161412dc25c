import { DatabaseBusyError, DatabaseRefusedError, type Database } from "./database.ts";
import { maintenanceRepository } from "./maintenance-repository.ts";

/** An index of a closed week that lists are in want of. */
export interface MissingIndex {
  readonly name: string;
  /** The table that it is on. */
  readonly part: string;
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
  const [row] = await database.query<{ missing: readonly MissingIndex[] }>(`select ${database.schema}.missing_indexes() as missing`);
  return row!.missing;
}

/**
 * Builds them one after the other, as long as there is time: leftMs says how much, in milliseconds.
 *
 * A build that is cut off leaves an index that the next call drops and builds again. A build waits
 * for the transactions that were there before it, and for nobody's lock but other builds': whoever
 * reads or writes the week does not notice. A table that cannot be lent now is left to the next
 * time. Throws what the database says.
 */
export async function buildIndexes(database: Database, leftMs: () => number): Promise<BuiltIndexes> {
  const missing = await missingIndexes(database);
  const built: string[] = [];
  try {
    for (const index of missing) {
      if (leftMs() <= 0) break;
      if (await build(database, index, leftMs)) built.push(index.name);
    }
  } finally {
    if (missing.length > 0) await takeBack(database);
  }
  return { built, left: missing.length - built.length };
}

/**
 * Whether it stands now: not where the table is being read, where another maintenance has taken it
 * back or builds on it, or where there was no time for all of it.
 */
async function build(database: Database, { part, statements }: MissingIndex, leftMs: () => number): Promise<boolean> {
  try {
    await maintenanceRepository(database).lendTable(part);
    for (const statement of statements) {
      const timeoutMs = leftMs();
      if (timeoutMs <= 0) return false;
      await database.query(statement, [], { timeoutMs });
    }
    return true;
  } catch (thrown) {
    if (isAnothers(thrown)) return false;
    throw thrown;
  }
}

/** A lock or the table was taken, or there is no such table any more. */
function isAnothers(thrown: unknown): boolean {
  return thrown instanceof DatabaseBusyError || (thrown instanceof DatabaseRefusedError && /^(42501|BT040)$/.test(thrown.sqlstate ?? ""));
}

/** What another maintenance builds on is taken back by the next one. */
export async function takeBack(database: Database): Promise<number> {
  try {
    return await maintenanceRepository(database).takeBackTables();
  } catch (thrown) {
    if (isAnothers(thrown)) return 0;
    throw thrown;
  }
}
