import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import { asUsual } from "./connection.ts";
import { RefusedSqlError } from "./errors.ts";
import type { Names } from "./names.ts";
import type { SqlFiles } from "./sql-files.ts";

/** One deployer's connection, and whether it works as baton_migrator. */
export interface Deployment {
  readonly client: pg.ClientBase;
  readonly names: Names;
  /** Sends a text that says `baton`, with the service's own names in it. */
  readonly send: Send;
  readonly files: SqlFiles;
  readonly roles: boolean;
  readonly log: (line: string) => void;
}

export type Send = <Row extends pg.QueryResultRow = pg.QueryResultRow>(
  text: string,
  values?: readonly unknown[],
) => Promise<pg.QueryResult<Row>>;

const TRIES = 8;

/** One step as baton_migrator, while no other deployer works. */
export async function inTurn<Result>(deployment: Deployment, work: () => Promise<Result>): Promise<Result> {
  return locked(deployment, async () => {
    await becomeMigrator(deployment);
    return work();
  });
}

export async function becomeMigrator({ send, roles }: Deployment): Promise<void> {
  if (roles) await send("set local role baton_migrator");
}

/**
 * One step, in a transaction of its own. Where the application's locks are in its way it is rolled
 * back and tried again: who waits for a table holds up all that come after, so each try waits for
 * two seconds only.
 */
export function locked<Result>(deployment: Deployment, work: () => Promise<Result>): Promise<Result> {
  return repeatInTheWay(() => inTransaction(deployment, work));
}

/** Does it again, some times, while it meets others who do the same. */
export async function repeatInTheWay<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || !isInTheWay(error)) throw error;
      await pause(tried * 500);
    }
  }
}

/**
 * A deadlock or a lock timeout, or another first deployer, who was making the same roles, schema or
 * table, or dropping what looked like a build that had failed.
 */
function isInTheWay(error: unknown): boolean {
  const refused = error instanceof RefusedSqlError;
  const sqlstate = (refused ? error.sqlstate : (error as { code?: string }).code) ?? "";
  if (/^(40P01|55P03)$/.test(sqlstate)) return true;
  return (!refused || error.file === "sql/roles.sql") && /^(42P01|42P06|42P07|42710|23505|XX000)$/.test(sqlstate);
}

/**
 * Deployers take turns by a lock on the table of what they applied, which readers do not notice and
 * which nobody without rights to change it can take. Before there is that table, the second of two
 * gets an error and tries again.
 */
async function takeTurn({ send }: Deployment): Promise<void> {
  const { rows } = await send<{ mine: boolean | null }>("select has_table_privilege(to_regclass('baton.migration'), 'update') as mine");
  if (rows[0]?.mine === true) await send("lock table baton.migration in share row exclusive mode");
}

/**
 * Waits for other deployers as long as it takes. The server looks every second whether this one
 * still lives, so that a killed one does not hold up the next.
 */
async function inTransaction<Result>(deployment: Deployment, work: () => Promise<Result>): Promise<Result> {
  const { client } = deployment;
  // What a file has set for the session is not handed on to the next one.
  await client.query("discard all");
  await asUsual(client);
  await client.query("begin");
  await client.query("set local statement_timeout = 0; set local lock_timeout = 0; set local idle_in_transaction_session_timeout = 0");
  await client.query("set local client_connection_check_interval = '1s'");
  try {
    await takeTurn(deployment);
    await client.query("set local lock_timeout = '2s'");
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}
