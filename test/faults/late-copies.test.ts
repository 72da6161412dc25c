import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { cancelRun, redriveRun } from "../../shared/engine/operate/control-runs.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { WrongStatusError } from "../../shared/engine/producer-errors.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { poll } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { type RecordedCall, recorded, repeater } from "../support/recorded.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const RUNS = 120;
/**
 * A claim that comes late takes runs that nobody works on until its lease is over: more of them
 * would only take their time.
 */
const LATE_CLAIMS = 3;

/**
 * What is to become of a run: how often it fails, how often it is redriven, and whether it is told
 * to stop at once.
 */
interface Plan {
  readonly fails: number;
  readonly redrives: number;
  readonly stop: boolean;
}

const Input = z.object({ fails: z.int() });
const shop = defineWorkflow({ name: "shop", version: 1, input: Input })
  .step("reserve", ({ input }) => input.fails)
  .sql("book", ({ reserve }, { runId }) => ({
    statements: [{ text: "insert into test.booking values ($1, $2)", values: [runId, reserve] }],
    output: reserve,
  }))
  .step("ship", ({ input }, { attempt }) => {
    if (attempt <= input.fails) throw new NonRetryableError("not yet");
    return attempt;
  });

/** Sends copies of earlier calls again while others work: about one for each call that is made. */
function lateCopies(database: TestDatabase, random: () => number) {
  const { again, unlawful } = repeater(database);
  const calls: RecordedCall[] = [];
  const sent = new Set<Promise<void>>();
  let claims = 0;
  const isClaim = ({ statements }: RecordedCall) => statements[0]!.text.includes("baton.claim");
  const copy = () => {
    const call = calls[Math.floor(random() * calls.length)]!;
    if (sent.size >= 8 || (isClaim(call) && ++claims > LATE_CLAIMS)) return;
    const sending = again(call).finally(() => sent.delete(sending));
    sent.add(sending);
  };
  return {
    unlawful,
    calls,
    record: (call: RecordedCall) => {
      calls.push(call);
      if (random() < 0.8) copy();
    },
    /** The last word of every copy: each call once more, from the first to the last. */
    settle: async () => {
      await Promise.all(sent);
      for (const call of calls.filter((one) => !isClaim(one))) await again(call);
    },
  };
}

/** Redrives each failed run as often as its plan says, and no more often. */
function operate(operator: Parameters<typeof redriveRun>[0], plans: ReadonlyMap<string, Plan>, database: TestDatabase) {
  const redriven = new Map<string, number>();
  return async () => {
    const failed = await database.query<{ run_id: string }>("select run_id from baton.ending where status = 'failed'");
    for (const { run_id: id } of failed) {
      const times = redriven.get(id) ?? 0;
      if (times >= (plans.get(id)?.redrives ?? 0)) continue;
      await redriveRun(operator, id, { redrives: times });
      redriven.set(id, times + 1);
    }
  };
}

/** Whether every run has ended, and none that failed is to be redriven. */
async function isOver({ query }: TestDatabase, plans: ReadonlyMap<string, Plan>): Promise<boolean> {
  const ended = await query<{ id: string; status: string; redrives: number }>(
    `select e.run_id as id, e.status, (select count(*) from baton.redrive d where d.run_id = e.run_id)::int as redrives from baton.ending e`,
  );
  return ended.length === RUNS && ended.every(({ id, status, redrives }) => status !== "failed" || redrives >= plans.get(id)!.redrives);
}

test.each([1, 2])(
  "late copies of any earlier call change nothing while pollers, producers and operators work (%i)",
  { timeout: 180_000 },
  async () => {
    const { random, seed } = seededRandom();
    console.log(`BATON_SEED=${seed}`);
    await using database = await createTestDatabase();
    await database.query("create schema if not exists test; grant usage on schema test to public");
    await database.query("create table test.booking (run_id uuid not null, n int not null); grant insert on test.booking to baton_poller");
    const { record, settle, unlawful, calls } = lateCopies(database, random);
    const client = createClient({ database: recorded(database, "producer", record), logger: silent });
    const runs = runRepository(recorded(database, "operator", record));
    const operator = { runs, nudge: async () => {}, clock: systemClock, random, logger: silent };
    const plans = new Map<string, Plan>();
    const operateOnce = operate(operator, plans, database);
    const asked = new Set<string>();

    const produce = async () => {
      for (let n = 0; n < RUNS; n++) {
        const fails = Math.floor(random() * 3);
        const plan = { fails, redrives: Math.floor(random() * (fails + 1)), stop: random() < 0.2 };
        const idempotencyKey = n % 2 === 0 ? `run-${n}` : undefined;
        const { id } = await client.enqueue(shop, { fails }, { idempotencyKey });
        plans.set(id, plan);
        if (plan.stop) await cancelRun(operator, id, { redrives: 0 }).then(() => asked.add(id), onlyIf(WrongStatusError));
      }
    };
    const now = { over: false };
    const work = async () => {
      const poller = recorded(database, "poller", record);
      while (!now.over) {
        await poll(poller, [shop], { settings: { ttlMs: 5_000, batch: 10, concurrency: 10, lingerMs: 100 } });
        await pause(10);
      }
    };
    const steer = async () => {
      while (!now.over) {
        await operateOnce();
        now.over = plans.size === RUNS && (await isOver(database, plans));
        await pause(20);
      }
    };
    await Promise.all([produce(), work(), work(), steer()]);
    await settle();

    expect(unlawful).toEqual([]);
    const rows = await database.query<{ id: string; status: string; redrives: number; bookings: number; steps: number }>(
      `select r.id, e.status, (select count(*) from baton.redrive d where d.run_id = r.id)::int as redrives,
       (select count(*) from test.booking b where b.run_id = r.id)::int as bookings,
       (select count(*) from baton.checkpoint c where c.run_id = r.id)::int as steps
     from baton.run r left join baton.ending e on e.run_id = r.id`,
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual([...plans.keys()].toSorted());
    const wrong = rows.filter(({ id, status, redrives, bookings, steps }) => {
      const { fails, redrives: allowed } = plans.get(id)!;
      // Only a run that was asked to stop in its first life may be stopped, and only in that one.
      if (status === "cancelled") return !asked.has(id) || redrives > 0 || bookings > 1;
      if (status !== (allowed === fails ? "done" : "failed")) return true;
      return redrives !== allowed || bookings !== 1 || steps !== (status === "done" ? 3 : 2);
    });
    expect(wrong).toEqual([]);
    // no guess: each run is one call at the least, and polls are calls too
    expect(calls.length).toBeGreaterThan(RUNS);
    await database.assertInvariants();
  },
);

function onlyIf(type: new (...facts: never[]) => Error): (thrown: unknown) => void {
  return (thrown) => {
    if (!(thrown instanceof type)) throw thrown;
  };
}
