import { afterEach, expect, test } from "vitest";
import { v7 } from "uuid";
import * as z from "zod";
import type { Json } from "../../shared/domain/json.ts";
import { RetryAfterError } from "../../shared/domain/errors.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { newReport } from "../../shared/engine/poll/poll-report.ts";
import type { Poller } from "../../shared/engine/poll/poller.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createTestDatabase, type Driver } from "../support/database.ts";
import { emptied, engineOf, newRun, newRuns, placesOf } from "../support/engine-calls.ts";
import { createPoller } from "../support/poller.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const DAY = 86_400_000;

const healthy = defineWorkflow({ name: "healthy", version: 1, input: z.json() })
  .step("a", () => 1)
  .step("b", () => 2)
  .step("c", () => 3);
const failing = defineWorkflow({ name: "failing", version: 1, input: z.object({ how: z.string() }) }).step(
  "work",
  { retry: { maxAttempts: 5, backoff: "1 hour" } },
  ({ input: { how } }) => {
    if (how === "done") return 1;
    if (how === "unstorable words") throw new Error("\u0000 and \uD800 in what is said");
    if (how === "later than time itself") throw new RetryAfterError("366 days");
    throw new Error("it broke");
  },
);

afterEach(async () => {
  await emptied(database);
  await database.setNow(null);
});

/** A run whose row is written by hand, as nobody but the owner can, in ready at this time. */
async function byHand(input: string, runAt = "now()", workflow = "healthy"): Promise<string> {
  const id = v7();
  await database.query(`insert into baton.run values ('${id}', '${workflow}', 1, 2, ${input}, baton.now(), baton.now())`);
  await database.query(`insert into baton.ready select id, 2, ${runAt}, octet_length(input::text), true from baton.run where id = '${id}'`);
  return id;
}

async function withoutRun(): Promise<string> {
  const id = v7();
  await database.query("insert into baton.ready values ($1, 0, baton.now(), 10, false)", [id]);
  return id;
}

async function blockedWithoutRun(): Promise<string> {
  const id = v7();
  await database.query("insert into baton.blocked values ($1, 'healthy', 1, 'another', 'none', baton.now())", [id]);
  return id;
}

/** A run whose step has failed as often as an attempt can have a number. */
async function outOfNumbers(how: string): Promise<string> {
  const id = await byHand(`'${JSON.stringify({ how })}'`, "baton.now()", "failing");
  await database.query(
    `insert into baton.failure select $1, 'work', n, baton.now(), baton.now(), null, '{}' from generate_series(1, 32767) as n`,
    [id],
  );
  return id;
}

/**
 * Runs of a week that is dropped: one that is ready, one in a lease that ended, and one of these
 * that is to be cancelled.
 */
async function ofDroppedWeek(): Promise<string[]> {
  const then = new Date(Date.now() - 21 * DAY);
  await database.setNow(then);
  await engine.tick();
  const runs = newRuns(3, { at: then, workflow: "healthy" });
  await engine.enqueue(runs);
  await database.advance("1 second");
  await engine.cancel((await engine.claim({ max: 1 })).runs[0]!.id);
  await engine.claim({ max: 1 });
  const week = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'baton'::regnamespace
       and c.relname ~ ('^(run|checkpoint|failure|ending)_' || to_char(date_trunc('week', $1::timestamptz at time zone 'UTC'), 'YYYYMMDD') || '$')
       and c.relkind = 'r'`,
    [then.toISOString()],
  );
  expect(week).toHaveLength(4);
  for (const { name } of week) await database.query(`drop table baton.${name}`);
  await database.setNow(null);
  return runs.map(({ id }) => id);
}

/** Counts the rounds of a poller. */
function counting(driver: Driver): { poller: Poller; rounds: () => number } {
  const store = runRepository(database.connect("poller", driver));
  let rounds = 0;
  const advance: typeof store.advance = (...call) => (rounds++, store.advance(...call));
  const poller = createPoller(database.database, [healthy, failing], { store: { ...store, advance }, settings: { lingerMs: 0 } });
  return { poller, rounds: () => rounds };
}

/** Two pollers at once, one through each driver, until neither finds anything. */
async function pollTwice(): Promise<{ rounds: number; poisoned: number; failedRuns: number }> {
  const pollers = [counting("pg"), counting("neon")];
  const reports = pollers.map(() => newReport());
  await Promise.all(pollers.map(({ poller }, n) => pollQueue(poller, false, reports[n])));
  const sum = (of: number[]) => of.reduce((a, b) => a + b, 0);
  return {
    rounds: sum(pollers.map(({ rounds }) => rounds())),
    poisoned: sum(reports.map(({ poisoned }) => poisoned)),
    failedRuns: sum(reports.map(({ failedRuns }) => failedRuns)),
  };
}

const inputs = (count: number): Json[] => Array.from({ length: count }, (_, n) => ({ n }));
const enqueueHealthy = async () => {
  const runs = inputs(500).map((input) => newRun({ workflow: "healthy", input }));
  await engine.enqueue(runs);
  return runs.map(({ id }) => id);
};
const doneAmong = async (ids: string[]) =>
  (await database.query("select run_id from baton.ending where status = 'done' and run_id = any ($1)", [ids])).length;

test("one poisonous run of every sort stops none of 500 healthy ones, through either driver", async () => {
  await enqueueHealthy();
  const usual = await pollTwice();
  expect(usual.poisoned).toBe(0);
  const gone = await ofDroppedWeek();
  const others = await enqueueHealthy();
  gone.push(await withoutRun(), await blockedWithoutRun());
  const failed = {
    infinity: await byHand("'1'", "'infinity'"),
    "the year 5000": await byHand("'1'", "'5000-01-01'"),
    "later than never": await byHand("'1'", "'10000-01-01'"),
    "50 times itself": await byHand("(select jsonb_agg(1e308) from generate_series(1, 37000))"),
    "6,000 levels": await byHand("(repeat('[', 6000) || repeat(']', 6000))::jsonb"),
    "no attempt left": await outOfNumbers("broken"),
  };
  const fine = [await byHand("'1'", "'-infinity'"), await outOfNumbers("done")];
  const waiting = [
    await byHand(`'{"how":"unstorable words"}'`, "baton.now()", "failing"),
    await byHand(`'{"how":"later than time itself"}'`, "baton.now()", "failing"),
    await byHand("'1'", "baton.never()"),
  ];
  const { rounds, poisoned, failedRuns } = await pollTwice();
  expect(await doneAmong(others)).toBe(500);
  expect(await doneAmong(fine)).toBe(2);
  // no guess: the rounds depend on the runs in them; 60 is three times what the poisonous ones add
  expect(rounds).toBeLessThanOrEqual(usual.rounds + 60);
  for (const [what, id] of Object.entries(failed)) expect([what, await placesOf(database, id)]).toEqual([what, ["failed"]]);
  for (const id of waiting) expect(await placesOf(database, id)).toEqual(["waiting"]);
  for (const id of gone) expect(await placesOf(database, id)).toEqual([]);
  // The one without an attempt left fails as its retry policy says.
  expect(poisoned).toBe(Object.keys(failed).length - 1 + gone.length);
  expect(failedRuns).toBeGreaterThanOrEqual(1);
  await rollUp();
  await database.assertInvariants();
});

/** What a tick does once a minute, of all rows, and what people read of it. */
const rollUp = () => database.query("select baton.sweep_rollup(100000, 'infinity'); select baton.refresh_daily(); table baton.throughput");

test.each(["infinity", "-infinity", "5000-01-01", "294276-12-31"])(
  "a clock that was set back finds rows of %s, and the waits of the others are set right all the same",
  async (odd) => {
    const noon = new Date(Date.now() - DAY);
    await database.setNow(noon);
    await engine.tick();
    const [a, b, c, d, leased] = newRuns(5, { at: noon, workflow: "healthy" });
    await engine.enqueue([a!, b!, c!, d!, leased!].map((run) => ({ ...run, delay_ms: run === leased ? 0 : 7_200_000 })));
    await engine.claim({ max: 1 });
    await database.query(`update baton.lease set expires_at = '${odd}'`);
    await database.query(`update baton.run set created_at = '${odd}', start_at = '${odd}' where id = $1`, [a!.id]);
    await database.query(`insert into baton.checkpoint values ($1, 's', 0, 1, '${odd}', '${odd}', '{"until": "x"}')`, [b!.id]);
    await database.query(`insert into baton.failure select $1, 'work', 1, '${odd}', '${odd}', '${odd}', '{}'`, [c!.id]);
    await database.setNow(new Date(noon.getTime() - DAY));
    await engine.tick();
    await database.advance("1 minute");
    await engine.tick();
    await rollUp();
    const [row] = await database.query<{ hours: number }>(
      "select extract(epoch from run_at - baton.now())::double precision / 3600 as hours from baton.ready where run_id = $1",
      [d!.id],
    );
    expect(row!.hours).toBeLessThanOrEqual(2);
    const endless = await database.query("select from baton.setback where not isfinite(was) or was > baton.now() + interval '10 years'");
    expect(endless).toEqual([]);
  },
);
