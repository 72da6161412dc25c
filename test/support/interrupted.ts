import pg from "pg";
import type { Database } from "../../shared/db/database.ts";
import { DatabaseBusyError, DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { Statement } from "../../shared/domain/statement.ts";

/**
 * Each table, and of the partitions of one table the first. Those of the rollup come last: a tick
 * that cannot count goes through all the same.
 */
const TOUCHED = `select min(c.relname) as name from pg_locks as l join pg_class as c on c.oid = l.relation
  left join pg_inherits as i on i.inhrelid = c.oid
  where l.pid = pg_backend_pid() and c.relkind in ('r', 'p') and c.relnamespace = 'baton'::regnamespace
  group by coalesce(i.inhparent, c.oid), i.inhparent is null order by min(c.relname) like 'roll%', 1`;

/**
 * A database of whose calls each stands still on every table that it touches and none of its sort
 * has stood still on, of the partitions of one table on the first, until a timeout of the server
 * ends it, and then goes through.
 *
 * What it touches is told by a try that is rolled back. ownerUrl: of a superuser whom no timeout
 * concerns.
 */
export async function interrupted(inner: Database, ownerUrl: string, told: Error[]): Promise<Database> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const known = new Set<string>();
  async function newlyTouchedBy(statements: readonly Statement[]): Promise<string[]> {
    const [{ text: name }] = statements as [Statement];
    // Reads are many, and each of a sort touches the same.
    if (/find_run|state/.test(name) && known.has(name)) return [];
    await owner.query("begin");
    for (const { text, values = [] } of statements) await owner.query(text, [...values]);
    const { rows } = await owner.query<{ name: string }>(TOUCHED);
    await owner.query("rollback");
    const tables = rows.map((row) => row.name).filter((table) => !known.has(`${name} ${table}`));
    for (const key of [name, ...tables.map((table) => `${name} ${table}`)]) known.add(key);
    return tables;
  }
  async function through<Result>(statements: readonly Statement[], call: () => Promise<Result>): Promise<Result> {
    for (const table of await newlyTouchedBy(statements)) {
      await owner.query("begin");
      await owner.query(`lock table only baton.${table} in access exclusive mode`);
      const answer = await call().catch((thrown: Error) => void told.push(thrown));
      await owner.query("rollback");
      if (answer !== undefined) return answer;
    }
    return untilAnswered(call);
  }
  return {
    schema: inner.schema,
    query: (text, values, options) => through([{ text, values: values ?? [] }], () => inner.query(text, values, options)) as never,
    transaction: (statements, options) => through(statements, () => inner.transaction(statements, options)),
    [Symbol.asyncDispose]: () => owner.end(),
  };
}

/** What a call throws, or that it does not. */
export const errorOf = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => new Error("it went through"),
    (thrown: Error) => thrown,
  );

/**
 * Nobody is in the way, but a machine that is slow for a moment meets the timeout all the same;
 * then the call goes out again.
 */
export async function untilAnswered<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      if (!(thrown instanceof DatabaseBusyError || thrown instanceof DatabaseUnknownOutcomeError)) throw thrown;
    }
  }
}
