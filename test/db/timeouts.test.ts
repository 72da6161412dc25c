import { expect, test } from "vitest";
import { connect } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { errorOf, interrupted, untilAnswered } from "../support/interrupted.ts";
import { startTcpRelay } from "../support/tcp-relay.ts";
import { liveTenLives } from "../support/ten-lives.ts";

const START = new Date("2027-10-30T22:00:00Z");
const first = await createTestDatabase();
const ordinary = await livesIn(first, first.connect("owner", "pg"));
const [{ major }] = (await first.query("select current_setting('server_version_num')::integer / 10000 as major")) as [{ major: number }];

async function livesIn(database: TestDatabase, through: Database): Promise<Record<string, unknown>> {
  await database.query("create table public.effect (run text)");
  // What takes longer than the timeouts was made before.
  await database.setNow(START);
  await database.query("select baton.tick(), baton.keep_months()");
  const lives = await liveTenLives(through, database, START);
  await database.assertInvariants();
  expect(await database.query("select run from public.effect")).toHaveLength(1);
  return lives;
}

/** For sessions to come; the owner's are all there by then. */
async function setIn({ name, query }: TestDatabase, setting: string): Promise<void> {
  await Promise.all(Array.from({ length: 10 }, () => query("select pg_sleep(0.01)")));
  await query(`alter database ${name} set ${setting}`);
}

/**
 * Of calls that were ended: by this kind of error, with this setting to raise. A machine that halts
 * may let one through, or hear of the end of its session before the call that finds it ended.
 */
function expectAdvice(errors: readonly Error[], atLeast: number, kind: string, setting: string): void {
  const ended = errors.filter(({ message }) => !/^it went through$|is not queryable$/.test(message));
  expect(ended.length).toBeGreaterThanOrEqual(atLeast);
  const advice = `: raise ${setting} for this login or its database`;
  for (const { name, message } of ended) expect([name, message]).toEqual([kind, expect.stringContaining(advice)]);
}

const TIMEOUTS = [
  { name: "statement_timeout", kind: "DatabaseBusyError", driver: "neon" },
  { name: "lock_timeout", kind: "DatabaseBusyError", driver: "pg" },
  // From PostgreSQL 17 on; it ends the session too.
  { name: "transaction_timeout", kind: "DatabaseUnknownOutcomeError", driver: "neon" },
] as const;

test.each(TIMEOUTS.filter(({ name }) => major >= 17 || name !== "transaction_timeout"))(
  "a $name that fires on every table that a sort of call touches, through $driver, says what to raise, and ten runs live as without",
  async ({ name, kind, driver }) => {
    await using database = await createTestDatabase();
    const told: Error[] = [];
    // Connected before, the owner meets no timeout.
    await using blocked = await interrupted(database.connect("owner", driver), database.ownerUrl, told);
    // The first list of a session takes 22 ms: its functions are compiled.
    await setIn(database, `${name} = '80ms'`);
    expect(await livesIn(database, blocked)).toEqual(ordinary);
    expectAdvice(told, 70, kind, name);
  },
);

/** Reads are many, and none stands in a transaction. */
const read = /find_run|state/;

test.each([
  { name: "idle_in_transaction_session_timeout", calls: 1 },
  { name: "idle_session_timeout", calls: 10 },
])("an $name shorter than the way to the server ends calls with what to raise, and ten runs live as without", async ({ name, calls }) => {
  await using database = await createTestDatabase();
  // Connected before, and to the server itself.
  await using near = connect({ url: database.ownerUrl, driver: "pg" });
  await near.query("select 1");
  const server = new URL(database.ownerUrl);
  await using relay = await startTcpRelay(Number(server.port));
  relay.delay(80);
  await using far = connect({ url: Object.assign(server, { port: String(relay.port) }).href, driver: "pg" });
  await setIn(database, `${name} = '10ms'`);
  const told: Error[] = [];
  /** From afar with the timeout, and then from near by without, as after raising it. */
  async function through<Result>(call: (database: Database) => Promise<Result>): Promise<Result> {
    told.push(await errorOf(call(far)));
    return untilAnswered(() => call(near));
  }
  const hasty: Database = {
    schema: near.schema,
    query: async (text, values, options) => {
      const alone = name !== "idle_session_timeout" || read.test(text);
      return alone ? near.query(text, values, options) : through((database) => database.query(text, values, options));
    },
    transaction: (statements, options) => through((database) => database.transaction(statements, options)),
    [Symbol.asyncDispose]: async () => undefined,
  };
  expect(await livesIn(database, hasty)).toEqual(ordinary);
  expectAdvice(told, calls, "DatabaseUnknownOutcomeError", name);
});
