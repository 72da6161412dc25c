import pg from "pg";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import { decodeRuns } from "../../shared/domain/wire.ts";
import type { Role, TestDatabase } from "./database.ts";
import { until } from "./until.ts";

/** One call of the engine, as its role. */
export interface Call {
  readonly role: Role;
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * What became of the second call: whether it had to wait for the first, and its answer or the
 * SQLSTATE of its refusal.
 */
export interface Second {
  readonly waited: boolean;
  readonly answer: Record<string, unknown> | null;
  readonly sqlstate: string | undefined;
}

export interface Interleaving {
  /** The answer of the first call, given before its transaction ended. */
  readonly first: Record<string, unknown> | null;
  readonly second: Second;
}

/**
 * Runs one call and keeps its transaction open while a second runs on another connection; once that
 * is over, or really waits for a lock, the first is committed or rolled back.
 */
export async function interleave(
  database: TestDatabase,
  first: Call,
  second: Call,
  end: "commit" | "rollback" = "commit",
): Promise<Interleaving> {
  const sessions = [new pg.Client(database.url(first.role)), new pg.Client(database.url(second.role))] as const;
  await Promise.all(sessions.map((session) => session.connect()));
  try {
    await sessions[0].query("begin");
    const answer = await run(sessions[0], first);
    const pid = Number((await sessions[0].query("select pg_backend_pid() as pid")).rows[0].pid);
    let over = false;
    const running = settled(sessions[1], second).finally(() => (over = true));
    await until("the second call waits or is over", async () => over || (await blocks(database, pid)));
    const waited = !over;
    await sessions[0].query(end);
    return { first: answer, second: { waited, ...(await running) } };
  } finally {
    await Promise.all(sessions.map((session) => session.end()));
  }
}

async function run(session: pg.Client, { text, values }: Call): Promise<Record<string, unknown> | null> {
  const { answer } = (await session.query(`select ${text} as answer`, [...values])).rows[0];
  return /^baton\.(claim|advance)\(/.test(text) ? { ...decodeRuns<ClaimAnswer>(answer) } : answer;
}

async function settled(session: pg.Client, call: Call): Promise<Omit<Second, "waited">> {
  try {
    return { answer: await run(session, call), sqlstate: undefined };
  } catch (thrown) {
    return { answer: null, sqlstate: (thrown as { code?: string }).code };
  }
}

/**
 * Whether anybody waits for this session; the number of the second's is not known behind a pooler.
 */
async function blocks(database: TestDatabase, pid: number): Promise<boolean> {
  const waiting = "select from pg_stat_activity where datname = current_database() and $1 = any (pg_blocking_pids(pid))";
  return (await database.query(waiting, [pid])).length > 0;
}
