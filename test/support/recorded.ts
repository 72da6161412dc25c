import type { Database } from "../../shared/db/database.ts";
import { DatabaseRefusedError } from "../../shared/domain/database-errors.ts";
import type { Statement } from "../../shared/domain/statement.ts";
import type { Role, TestDatabase } from "./database.ts";

/**
 * One call that was made: as which role, and its statements, of which several are one transaction.
 */
export interface RecordedCall {
  readonly role: Role;
  readonly statements: readonly Statement[];
}

/**
 * Refusals that a repeat may get: fenced, applied before, and fresh runs that are there. BT003 is
 * that of a strict round whose lease is over and was made anew, for other runs, by a claim that
 * came late: its runs are no members of it.
 */
const lawful = new Set(["BT001", "BT002", "BT003", "23505"]);

/** A database as a role, of which each call is told before it is made. */
export function recorded(database: TestDatabase, role: Role, record: (call: RecordedCall) => void): Database {
  const inner = database.connect(role);
  return {
    ...inner,
    query(text, values = [], options) {
      record({ role, statements: [{ text, values }] });
      return inner.query(text, values, options);
    },
    transaction(statements, options) {
      record({ role, statements });
      return inner.transaction(statements, options);
    },
  };
}

/**
 * Makes recorded calls again; what comes back, other than an answer or a refusal that a repeat may
 * get, is collected.
 */
export function repeater(database: TestDatabase): {
  readonly again: (call: RecordedCall) => Promise<void>;
  readonly unlawful: unknown[];
} {
  const connections = new Map<Role, Database>();
  const unlawful: unknown[] = [];
  async function again({ role, statements }: RecordedCall): Promise<void> {
    if (!connections.has(role)) connections.set(role, database.connect(role));
    const connection = connections.get(role)!;
    const [first] = statements;
    try {
      await (statements.length === 1 ? connection.query(first!.text, first!.values) : connection.transaction(statements));
    } catch (thrown) {
      if (!(thrown instanceof DatabaseRefusedError && lawful.has(thrown.sqlstate ?? ""))) unlawful.push(thrown);
    }
  }
  return { again, unlawful };
}

/** Every row of every table of the engine, and of more tables. */
export async function dumpRows({ query }: TestDatabase, ...more: readonly string[]): Promise<Record<string, string[]>> {
  const tables = await query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
     where relnamespace = 'baton'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  );
  const names = [...tables.map(({ name }) => name), ...more];
  const rows = names.map((name) => query<{ row: string }>(`select t::text as row from ${name} as t order by 1`));
  return Object.fromEntries((await Promise.all(rows)).map((found, place) => [names[place], found.map(({ row }) => row)]));
}

export function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}
