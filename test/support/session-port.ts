import type pg from "pg";
import type { Database } from "../../shared/db/database.ts";

/**
 * One session as the port that the engine speaks through; what the server says of an error comes
 * out as it is.
 */
export function portOf(session: pg.Client): Database {
  return {
    schema: "baton",
    query: async (text: string, values: readonly unknown[] = []) => (await session.query(text, [...values])).rows,
    transaction: async (statements: readonly { text: string; values?: readonly unknown[] }[]) => {
      await session.query("begin");
      const rows: unknown[] = [];
      for (const { text, values } of statements) rows.push((await session.query(text, [...(values ?? [])])).rows);
      await session.query("commit");
      return rows;
    },
    [Symbol.asyncDispose]: () => session.end(),
  } as unknown as Database;
}
