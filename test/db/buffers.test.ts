import { randomUUID } from "node:crypto";
import { afterAll, afterEach, expect, test } from "vitest";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import { createTestDatabase, type QueryAsOwner, type TestDatabase } from "../support/database.ts";
import { advanceRequest, claimRequest, member, step } from "../support/engine-calls.ts";
import { clonesOf } from "../support/filled.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession, sequentialScans, takingScans } from "../support/plans.ts";

const MAX = 20;
const PLAN_SETTINGS = ["enable_hashjoin", "enable_mergejoin"];

let database: TestDatabase;
afterEach(() => database[Symbol.asyncDispose]());

const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

/** As many finished, as many delayed and as many due runs, made on the server's side. */
async function grow(query: QueryAsOwner, rows: number): Promise<void> {
  await query("select baton.ensure_partitions()");
  for (const [ahead, where] of [
    ["-1 hour", "ending"],
    ["1 day", "ready"],
    ["-1 minute", "ready"],
  ] as const) {
    const place =
      where === "ready"
        ? "insert into baton.ready select id, priority, start_at, 20, false from stored"
        : "insert into baton.ending select id, 'done', null, start_at from stored";
    await query(
      `with stored as (
         insert into baton.run select ${newIdOf("n")}, 'fulfil-order', 1, 2, '{}', now() + $2::interval + n * interval '1 microsecond', now()
         from generate_series(1, $1::integer) as n returning id, start_at, priority)
       ${place}`,
      [rows, ahead],
    );
  }
  await query("insert into baton.checkpoint select run_id, 'reserve', 0, 1, at, at, '{}' from baton.ending");
}

const withoutStatistics = clonesOf(grow);
async function withStatistics(rows: number): Promise<TestDatabase> {
  const made = await withoutStatistics(rows);
  await made.query("vacuum analyze");
  return made;
}

/** As of a database that was analysed before there was anything in it. */
async function withEmptyStatistics(rows: number): Promise<TestDatabase> {
  const made = await createTestDatabase();
  await made.query("analyze");
  await grow(made.query, rows);
  return made;
}

interface Touched {
  readonly claim: number;
  readonly advance: number;
  readonly tick: number;
}

/**
 * Buffers of one claim, one round and one tick of a warm session, as a poller makes them: with the
 * watermark of the call before.
 */
async function touched(settings: readonly string[]): Promise<Touched> {
  await using session = await explainingSession(database.ownerUrl, settings);
  let low: ClaimAnswer["low"] = {};
  const once = async (): Promise<Touched> => {
    const token = randomUUID();
    const tick = await session.call("baton.tick()");
    const claim = await session.call("baton.claim($1, $2)", token, JSON.stringify(claimRequest({ max: MAX, low })));
    const { runs } = claim.answer as ClaimAnswer;
    ({ low } = claim.answer as ClaimAnswer);
    if (runs.length === 0) return { claim: claim.buffers, advance: 0, tick: tick.buffers };
    const round = advanceRequest({ steps: runs.map((run) => step(run)), done: runs.map(member) });
    const advance = await session.call("baton.advance($1, $2, $3)", token, 1, round);
    await session.call("baton.release($1)", token);
    const ran = [...tick.ran, ...claim.ran, ...advance.ran];
    expect(sequentialScans(ran)).toEqual([]);
    expect(Math.max(...takingScans(ran).map(({ rows }) => rows))).toBeLessThanOrEqual(MAX);
    return { claim: claim.buffers, advance: advance.buffers, tick: tick.buffers };
  };
  // The first calls of a session read the catalogue and make the plans.
  for (let warm = 0; warm < 3; warm++) await once();
  return await once();
}

for (const [what, databaseOf, settings] of [
  ["without statistics", withoutStatistics, []],
  ["with statistics", withStatistics, []],
  ["with statistics, and neither hash nor merge joins", withStatistics, PLAN_SETTINGS.map((name) => `set ${name} = off`)],
  ["with the statistics of empty tables", withEmptyStatistics, []],
] as const) {
  test(`${what}, claim, round and tick read by key, take no row too many, and touch no more buffers among 100,000 rows of each kind than among 1,000`, async () => {
    const counts: Touched[] = [];
    for (const rows of [0, 1_000, 100_000]) {
      database = await databaseOf(rows);
      counts.push(await touched(settings));
      if (rows < 100_000) await database[Symbol.asyncDispose]();
    }
    const [none, few, many] = counts as [Touched, Touched, Touched];
    measured.push(`buffers ${what}: ${JSON.stringify({ none, few, many })}`);
    for (const call of ["claim", "advance", "tick"] as const) {
      // The indexes of 100,000 rows are one level deeper: at most one page more for each look-up of
      // a run.
      expect([call, many[call] <= few[call] + 4 * MAX]).toEqual([call, true]);
      expect([call, many[call] <= 60 * MAX]).toEqual([call, true]);
    }
    expect(none.claim).toBeLessThanOrEqual(few.claim);
  }, 300_000);
}
