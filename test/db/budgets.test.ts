import { afterAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { type Engine, engineOf, type Held, member, newRuns, step } from "../support/engine-calls.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

const BATCH = 100;
const STEPS = ["reserve", "charge", "ship"];
/** An output of 200 bytes as JSON text. */
const output = { text: "x".repeat(200 - '{"text": ""}'.length) };

const walBytes = async (from: string) =>
  Number((await database.query("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1) as bytes", [from]))[0]!["bytes"]);
const walNow = async () => (await database.query("select pg_current_wal_insert_lsn() as lsn"))[0]!["lsn"] as string;

async function costOf(work: () => Promise<unknown>): Promise<{ requests: number; statements: number; commits: number }> {
  const { requests, statements } = database.neon.stats;
  const before = await transactions();
  await work();
  // The two looks at the counter are transactions too, but they have no id of their own.
  const commits = (await transactions()) - before;
  return { requests: database.neon.stats.requests - requests, statements: database.neon.stats.statements - statements, commits };
}

/** Ids given to transactions that wrote, in the whole server: other test files write too, so this is an upper bound. */
async function transactions(): Promise<number> {
  return Number((await database.query("select sum(xact_commit + xact_rollback) from pg_stat_database"))[0]!["sum"]);
}
