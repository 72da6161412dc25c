import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { cancelRun, redriveRun } from "../../shared/engine/operate/control-runs.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { advanceRequest, claimRequest, newRun, step } from "../support/engine-calls.ts";
import { poll } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { dumpRows, type RecordedCall, recorded, repeater, shuffle } from "../support/recorded.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

const Input = z.object({ n: z.int(), fails: z.int().default(0) });
/**
 * Fails for good in its first attempts, and has an effect that only the engine keeps from happening
 * twice.
 */
const shop = defineWorkflow({ name: "shop", version: 1, input: Input })
  .step("reserve", ({ input }) => input.n)
  .sql("book", ({ reserve }, { runId }) => ({
    statements: [{ text: "insert into test.booking values ($1, $2)", values: [runId, reserve] }],
    output: reserve,
  }))
  .step("ship", ({ input }, { attempt }) => {
    if (attempt <= input.fails) throw new NonRetryableError("not yet");
    return attempt;
  });
const patient = defineWorkflow({ name: "patient", version: 1, input: Input })
  .step("begin", () => 1)
  .sleep("rest", "30 days")
  .step("end", () => 2);

/**
 * A whole history of producers, pollers and operators: every sort of call, and runs that end up
 * everywhere.
 */
async function liveThrough(database: TestDatabase): Promise<RecordedCall[]> {
  await database.query("create schema if not exists test; grant usage on schema test to public");
  await database.query("create table test.booking (run_id uuid not null, n int not null); grant insert on test.booking to baton_poller");
  const calls: RecordedCall[] = [];
  const as = (role: "producer" | "poller" | "operator") => recorded(database, role, (call) => void calls.push(call));
  const client = createClient({ database: as("producer"), logger: silent });
  const operator = { runs: runRepository(as("operator")), nudge: async () => {}, clock: systemClock, random: Math.random, logger: silent };
  const pollers = [as("poller"), as("poller")];
  const work = () => Promise.all(pollers.map((poller) => poll(poller, [shop, patient], { settings: { batch: 7 } })));
  const inputs = (count: number, fails = 0) => Array.from({ length: count }, (_, n) => ({ input: { n, fails } }));

  await client.enqueueMany(shop, inputs(20));
  await client.enqueueMany(shop, inputs(3), { idempotencyKey: "monday" });
  await client.enqueueMany(patient, inputs(3));
  for (const _ of [1, 2]) await client.enqueue(shop, { n: 1 }, { idempotencyKey: "once" });
  await client.enqueueMany(shop, inputs(2), { idempotencyKey: "monday-2" });
  const failing = await client.enqueueMany(shop, inputs(4, 2));
  const later = await client.enqueue(shop, { n: 2 }, { delay: "10 days" });
  const stopped = await client.enqueue(shop, { n: 3 }, { delay: "10 days" });
  await client.enqueue({ name: "unknown", version: 1 }, {});
  await work();
  await cancelRun(operator, stopped.id);
  await cancelRun(operator, later.id).catch(() => undefined);
  for (const { id } of failing) await redriveRun(operator, id);
  await work();
  // They have failed once more: two go on and are done, one stays so, one is redriven and stopped.
  for (const { id } of failing.slice(0, 3)) await redriveRun(operator, id);
  await cancelRun(operator, failing[2]!.id);
  await work();

  const [poller, producer] = [runRepository(as("poller")), runRepository(as("producer"))];
  await producer.enqueue({ runs: [newRun({ delay_ms: 864_000_000 }), newRun(), newRun()] });
  const token = randomUUID();
  const held = await poller.claim(token, claimRequest({ ttl_ms: 600_000, max: 2 }));
  expect(held.runs).toHaveLength(2);
  await cancelRun(operator, held.runs[0]!.id);
  await poller.advance(token, 1, advanceRequest({ ttl_ms: 600_000, steps: [step(held.runs[1]!)] }));
  await poller.advance(token, 2, advanceRequest({ ttl_ms: 600_000, claim: claimRequest() }));
  const gone = randomUUID();
  await poller.claim(gone, claimRequest());
  await poller.release(gone);
  await poller.tick();
  return calls;
}

test(
  "a whole history of calls, sent again six times in any order, eight at once, leaves every row as it was",
  { timeout: 300_000 },
  async () => {
    const { random, seed } = seededRandom();
    console.log(`BATON_SEED=${seed}`);
    await using database = await createTestDatabase();
    const calls = await liveThrough(database);
    const kinds = new Set(calls.flatMap(({ statements }) => /baton\.(\w+)/.exec(statements[0]!.text)?.[1] ?? []));
    expect([...kinds].toSorted()).toEqual(["advance", "cancel", "claim", "enqueue", "redrive", "redrives", "release", "tick"]);
    // Time stands still, so that nothing becomes due and no lease expires for another reason than a
    // call.
    await database.setNow(new Date());
    const before = await dumpRows(database, "test.booking");
    const { again, unlawful } = repeater(database);
    const copies = shuffle(Array.from({ length: 6 }, () => calls).flat(), random);
    const senders = Array.from({ length: 8 }, async () => {
      for (let call = copies.pop(); call !== undefined; call = copies.pop()) await again(call);
    });
    await Promise.all(senders);
    expect(unlawful).toEqual([]);
    expect(await dumpRows(database, "test.booking")).toEqual(before);
    const endings = await database.query("select status, count(*)::int as runs from baton.ending group by 1 order by 1");
    expect(endings).toMatchObject([{ status: "cancelled" }, { status: "done" }, { status: "failed", runs: 1 }]);
    await database.assertInvariants();
  },
);
