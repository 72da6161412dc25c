import { randomUUID } from "node:crypto";
import { afterAll, afterEach, expect, test } from "vitest";
import type { ClaimAnswer, ClaimedRun } from "../../shared/domain/protocol.ts";
import { awaited, manifest, requests } from "../support/answered-runs.ts";
import { createTestDatabase, type QueryAsOwner, type TestDatabase } from "../support/database.ts";
import { advanceRequest, claimRequest, engineOf, leaseOf, member } from "../support/engine-calls.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession, sequentialScans, takingScans } from "../support/plans.ts";

/** Members of a claim and of a round. */
const MAX = 20;
/** Each call is made so often; the first ones read the catalogue and make the plans. */
const ROUNDS = 4;

let database: TestDatabase;
afterEach(() => database[Symbol.asyncDispose]());

const measured: string[] = [];
afterAll(() => console.log(measured.join("\n")));

/**
 * As many runs that wait, a third each for a signal by a key, a decision and a callback, of which
 * every fourth for ever; made on the server's side. Every tenth has a message that it does not wait
 * for.
 */
async function grow(query: QueryAsOwner, rows: number): Promise<void> {
  await query("select baton.ensure_partitions()");
  await query(
    `with stored as materialized (
       select ${newIdOf("n")} as id, n from generate_series(1, $1::integer) as n
     ), made as (
       insert into baton.run select id, 'fulfil-order', 1, 2, '{}', now(), now() from stored
     ), waiting as (
       insert into baton.wait select id, case n % 3 when 0 then '{paid}'::text[] when 1 then $2::text[] else $3::text[] end,
         case n % 3 when 0 then jsonb_build_array(jsonb_build_object('name', 'paid', 'key', 'o-' || n)) end
       from stored
     ), keyed as (
       insert into baton.signal_key select 'fulfil-order', 'paid', 'o-' || n, id from stored where n % 3 = 0
     ), sent as (
       insert into baton.message (run_id, name, body, at) select id, 'other', '1', now() from stored where n % 10 = 0
     ), until as (
       insert into baton.checkpoint select id, 'sign-off/~until/00000', 0, 0, now(), now() + interval '30 days', '{}' from stored
     )
     insert into baton.ready
     select id, 2, case n % 4 when 0 then baton.never() else now() + interval '30 days' + n * interval '1 microsecond' end, 20, true from stored`,
    [rows, awaited.slice(0, 1), awaited.slice(1)],
  );
}

async function withStatistics(rows: number): Promise<TestDatabase> {
  const made = await createTestDatabase();
  await grow(made.query, rows);
  await made.query("vacuum analyze");
  return made;
}

/** As of a database that was analysed before anybody waited. */
async function withEmptyStatistics(rows: number): Promise<TestDatabase> {
  const made = await createTestDatabase();
  await made.query("analyze");
  await grow(made.query, rows);
  return made;
}

const waitOf = (run: ClaimedRun, delayMs: number) => ({
  ...member(run),
  delay_ms: delayMs,
  bytes: 20,
  names: ["paid", ...awaited],
  keys: [{ name: "paid", key: run.id }],
});

/** Runs of one's own beside those: some that are due for ever anew, and some to send to. */
async function prepare(): Promise<readonly string[]> {
  const engine = engineOf(database, "pg");
  const { token, runs } = await leaseOf(engine, MAX + 5 * ROUNDS);
  await engine.advance(token, 1, { waits: runs.map((run, n) => waitOf(run, n < MAX ? 0 : 86_400_000)) });
  return runs.slice(MAX).map(({ id }) => id);
}

type Touched = Readonly<Record<string, number>>;

/** Buffers that each call touches in a warm session. */
async function touched(): Promise<Touched> {
  const targets = [...(await prepare())];
  await using session = await explainingSession(database.ownerUrl);
  let low: ClaimAnswer["low"] = {};
  let last: Record<string, number> = {};
  const call = async (name: string, text: string, ...values: unknown[]) => {
    const { answer, buffers, ran } = await session.call(text, ...values);
    expect([name, sequentialScans(ran)]).toEqual([name, []]);
    expect(Math.max(0, ...takingScans(ran).map(({ rows }) => rows))).toBeLessThanOrEqual(MAX + 4);
    last[name] = buffers;
    return answer;
  };
  const claim = async (name: string) => {
    const token = randomUUID();
    const answer = (await call(name, "baton.claim($1, $2)", token, claimRequest({ max: MAX, low, manifest }))) as ClaimAnswer;
    ({ low } = answer);
    return { token, runs: answer.runs };
  };
  for (let round = 0; round < ROUNDS; round++) {
    last = {};
    const { token, runs } = await claim("claim");
    expect(runs).toHaveLength(MAX);
    expect((await claim("idle poll")).runs).toEqual([]);
    await call("round", "baton.advance($1, 1, $2)", token, advanceRequest({ waits: runs.map((run) => waitOf(run, 0)) }));
    await call("signal", "baton.signal($1)", { run: targets[0], name: "paid", body: 5 });
    await call("signal by key", "baton.signal($1)", { workflow: "fulfil-order", key: targets[1], name: "paid", body: 5 });
    for (const [n, kind] of (["decide", "complete", "beat"] as const).entries())
      expect(await call(kind, "baton.answer_wait($1)", requests[kind](targets[n + 2]!))).toMatchObject({ status: "accepted" });
    await call("tick", "baton.tick()");
    // Else who was sent something is due for the next claim.
    for (const id of targets.splice(0, 5)) await session.call("baton.cancel($1)", id);
  }
  return last;
}

for (const [what, databaseOf] of [
  ["with statistics", withStatistics],
  ["with the statistics of empty tables", withEmptyStatistics],
] as const) {
  test(`${what}, a claim, an idle poll, a round, a tick, and who sends to a run that waits, touch no more buffers among 100,000 runs that wait than among 1,000`, async () => {
    const counts: Touched[] = [];
    for (const rows of [1_000, 100_000]) {
      database = await databaseOf(rows);
      counts.push(await touched());
      if (rows === 1_000) await database[Symbol.asyncDispose]();
    }
    const [few, many] = counts as [Touched, Touched];
    measured.push(`buffers ${what}: ${JSON.stringify({ few, many })}`);
    // The indexes are a level deeper: a page more where a look-up takes two, and one of the row. At
    // the most 1.6 times as many were measured; with the keys in one join it was 50 times.
    for (const call of Object.keys(few)) expect([call, many[call]! <= 1.75 * few[call]! + 8]).toEqual([call, true]);
  }, 300_000);
}
