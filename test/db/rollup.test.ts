import pg from "pg";
import { afterAll, afterEach, expect, test } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, failure, member, newRun, newRuns, sleep, step } from "../support/engine-calls.ts";
import { newIdOf } from "../support/new-ids.ts";
import { explainingSession } from "../support/plans.ts";
import { seededRandom } from "../support/random.ts";
import { recount, sumsIn } from "../support/recount.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const { query } = database;
checkAfterEach(database);
afterEach(() => stranger.query("rollback"));
// A partition begins anew with its rows.
afterEach(() => query("truncate baton.rollup, baton.rolled, baton.rolled_part; update baton.rolling set at = '-infinity'"));

const stranger = new pg.Client(database.ownerUrl);
await stranger.connect();
afterAll(() => stranger.end());

const begin = new Date("2026-11-25T10:00:30Z");
const all = () => sumsIn(query, "baton.count_minutes('-infinity')");
const rolled = () => sumsIn(query, "baton.rollup");
const sweep = () => query("select baton.sweep_rollup(100000, 'infinity')");

/** Rolls up until all is in it that there is: other tests' transactions may be open for a while. */
const rollUpAll = (takenBack: readonly { run_id: string; at: Date }[] = []) =>
  until("everything is rolled up", async () => {
    await sweep();
    return JSON.stringify(await rolled()) === JSON.stringify(await recount(query, takenBack));
  });

test("what happened stands in its minute, by workflow, whether it was rolled up already or not", async () => {
  await database.setNow(begin);
  await engine.enqueue([...newRuns(3, { at: begin }), newRun({ at: begin, workflow: "other" })]);
  await database.advance("1 minute");
  const { token, runs } = await engine.claim();
  const [first, second, third, other] = runs;
  await engine.advance(token, 1, {
    steps: [step(first!, { took_ms: 300 }), step(other!)],
    failures: [failure(second!, { age_ms: 60_000 })],
    sleeps: [sleep(third!)],
    done: [member(first!)],
    failed: [{ ...member(second!), error }],
  });
  const none = { enqueued: 0, done: 0, failed: 0, cancelled: 0, steps: 0, failures: 0 };
  const expected = [
    { ...none, minute: new Date("2026-11-25T10:00:00Z"), workflow: "fulfil-order", enqueued: 3, failures: 1 },
    { ...none, minute: new Date("2026-11-25T10:00:00Z"), workflow: "other", enqueued: 1 },
    { ...none, minute: new Date("2026-11-25T10:01:00Z"), workflow: "fulfil-order", done: 1, failed: 1, steps: 1 },
    { ...none, minute: new Date("2026-11-25T10:01:00Z"), workflow: "other", steps: 1 },
  ];
  expect(await all()).toEqual(expected);
  expect(await rolled()).toEqual([]);
  await engine.tick();
  expect(await all()).toEqual(expected);
  await rollUpAll();
  expect(await rolled()).toEqual(expected);
  expect(await all()).toEqual(expected);
});

test("an enqueue in a transaction that commits late is counted once, in the minute of its runs", async () => {
  await database.setNow(begin);
  await stranger.query("begin; savepoint one");
  await stranger.query("select baton.enqueue($1)", [JSON.stringify({ runs: newRuns(2, { at: begin }) })]);
  await engine.enqueue(newRuns(1, { at: begin }));
  for (let minute = 0; minute < 3; minute++) {
    await database.advance("61 seconds");
    await engine.enqueue([newRun({ at: begin, workflow: "other" })]);
    await engine.tick();
    expect(await all()).toEqual(await recount(query));
  }
  await stranger.query("commit");
  expect(await all()).toEqual(await recount(query));
  await rollUpAll();
  expect((await rolled())[0]).toMatchObject({ minute: new Date("2026-11-25T10:00:00Z"), enqueued: 3 });
});

test("a failure that a redrive takes back stays counted, whether it was rolled up before or not", async () => {
  await database.setNow(begin);
  const takenBack: { run_id: string; at: Date }[] = [];
  await engine.enqueue(newRuns(2, { at: begin }));
  for (let life = 0; life < 3; life++) {
    await database.advance("61 seconds");
    const { token, runs } = await engine.claim();
    const entries = runs.map((run) => ({ ...member(run), error }));
    await engine.advance(token, 1, { failures: runs.map((run) => failure(run, { attempt: life + 1, delay_ms: null })), failed: entries });
    if (life === 1) await rollUpAll(takenBack);
    takenBack.push(...(await query<{ run_id: string; at: Date }>("select run_id, at from baton.ending")));
    // One that is taken back for nothing.
    await stranger.query("begin");
    await stranger.query("select baton.redrive($1)", [runs[0]!.id]);
    await stranger.query("rollback");
    for (const { id } of runs) await engine.redrive(id);
    expect(await all()).toEqual(await recount(query, takenBack));
  }
  await rollUpAll(takenBack);
  const [sums] = await query("select sum(failed)::int as failed, (select count(*)::int from baton.redrive) as redriven from baton.rollup");
  expect(sums).toEqual({ failed: 6, redriven: 6 });
});

test("nobody waits for who is counting, and it is done at most once a minute", async () => {
  await database.setNow(begin);
  await engine.enqueue(newRuns(1, { at: begin }));
  await stranger.query("begin; select from baton.rolling for update");
  await engine.tick();
  await stranger.query("commit");
  const lookedAt = async () => (await query<{ at: string }>("select at::text from baton.rolling"))[0]!.at;
  expect(await lookedAt()).toBe("-infinity");
  await engine.tick();
  const first = await lookedAt();
  await engine.enqueue(newRuns(1, { at: begin }));
  await database.advance("60 seconds");
  await engine.tick();
  expect(await lookedAt()).toBe(first);
  // A clock that was set back stops nothing.
  await database.setNow(new Date(begin.getTime() - 3_600_000));
  await until("a tick looks", async () => (await engine.tick(), (await lookedAt()) !== first));
});

test("a minute with 1,000 runs of three steps costs a tick at most 28 KB of WAL and 30,000 buffers, one without anything new one look and no WAL", async () => {
  await using own = await createTestDatabase();
  await using session = await explainingSession(own.ownerUrl);
  await own.query(
    `select baton.ensure_partitions();
     create temp table filled on commit drop as select ${newIdOf("n")} as id, now() as at, n % 97 * interval '70 ms' as took from generate_series(1, 1000) as n;
     insert into baton.run select id, 'w', 1, 2, '{}', at, at from filled;
     insert into baton.checkpoint select id, 'n' || p, p, 1, at + p * took, at + (p + 1) * took, '1' from filled, generate_series(0, 2) as p;
     insert into baton.ending select id, 'done', null, at + 3 * took from filled;
     -- Postgres' own count of inserts, at once.
     select pg_stat_force_next_flush()`,
  );
  // Other tests' transactions may be open for a while; the dearest look is that with all the runs.
  const costs: { wal: number; buffers: number }[] = [];
  await until("all of it is rolled up", async () => {
    await own.advance("61 seconds");
    costs.push(await session.call("baton.tick()"));
    return (await own.query("select from baton.rolled_part where part ~ '^ending_' and inserts = 1000")).length === 1;
  });
  const [wal, buffers] = [Math.max(...costs.map((cost) => cost.wal)), Math.max(...costs.map((cost) => cost.buffers))];
  console.log(`a minute of 1,000 runs costs a tick ${wal} bytes of WAL and ${buffers} buffers`);
  expect(wal).toBeLessThanOrEqual(28 * 1_024);
  expect(buffers).toBeLessThanOrEqual(30_000);
  const idle = async () => {
    const { wal: bytes, ran } = await session.call("baton.roll_up(32, $1)", "2100-01-01T00:00:00Z");
    return [bytes, ran.map(({ statement }) => /\w+/.exec(statement)![0])];
  };
  // Postgres tidies up a page of its catalogue with who reads it, once.
  await idle();
  await idle();
  expect(await idle()).toEqual([0, ["parts", "select"]]);
});

/** A database with as many runs and endings as take several chunks. */
async function manyPages() {
  const own = await createTestDatabase();
  await own.query("select baton.ensure_partitions()");
  await own.query(
    `with stored as (insert into baton.run select ${newIdOf("n")}, 'w', 1, 2, '{}', now(), now() from generate_series(1, 40000) as n returning id)
     insert into baton.ending select id, 'done', null, now() from stored`,
  );
  const sumOf = async (
    column: "cancelled" | "done" | "enqueued",
    source: "baton.rollup" | "baton.count_minutes('-infinity')" = "baton.rollup",
  ) => (await sumsIn(own.query, source)).reduce((sum, row) => sum + row[column], 0);
  const look = async (most: number, since = "-infinity") =>
    (await own.query<{ looked: number }>("select baton.roll_up($1, now(), $2) as looked", [most, since]))[0]!.looked;
  return { own, sumOf, look };
}

test("a look is bounded, the next one goes on, and a row in a freed place far from the end is found by a sweep", async () => {
  const { own, sumOf, look } = await manyPages();
  await using _ = own;
  expect(await look(5)).toBe(5);
  expect(await sumOf("enqueued")).toBeLessThan(40_000);
  expect(await sumOf("enqueued", "baton.count_minutes('-infinity')")).toBe(40_000);
  await until("all chunks were looked at", async () => (await look(5), (await sumOf("enqueued")) + (await sumOf("done")) === 80_000));
  const [part] = await own.query<{ name: string }>(
    "select tableoid::regclass::text as name from baton.ending where ctid >= '(280,0)' limit 1",
  );
  const gone = await own.query<{ id: string }>(`delete from ${part!.name} where ctid < '(1,0)' returning run_id as id`);
  let early = 0;
  // While an older transaction is open, nothing is freed. A session of its own knows no last page.
  await until("rows stand in freed places", async () => {
    await own.query(`delete from ${part!.name} where status = 'cancelled'`);
    await own.query(`vacuum ${part!.name}`);
    const insert =
      "insert into baton.ending select id, 'cancelled', null, now() from unnest($1::uuid[]) as t (id) returning ctid < '(128,0)' as early";
    const { rows } = await withClient(own.ownerUrl, (client) => client.query(insert, [gone.map(({ id }) => id)]));
    early = rows.filter((row) => row.early).length;
    return early > 0;
  });
  await until("those at the end are counted", async () => (await look(32), (await sumOf("cancelled")) >= gone.length - early));
  expect(await sumOf("cancelled")).toBe(gone.length - early);
  await until("the others are found", async () => (await look(32, "infinity"), (await sumOf("cancelled")) === gone.length));
  await look(32, "infinity");
  expect([await sumOf("cancelled"), await sumOf("done")]).toEqual([gone.length, 40_000]);
});

test("a random journey of runs, ticks, redrives, rollbacks and late commits sums up to what a recount says, at each step", async () => {
  const { random, seed } = seededRandom();
  console.log(`BATON_SEED=${seed}`);
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)]!;
  await database.setNow(begin);
  const takenBack: { run_id: string; at: Date }[] = [];
  const openRuns = new Map<string, { attempt: number; position: number }>();
  let isOpen = false;
  const enqueued = () => newRuns(1 + Math.floor(random() * 4), { at: begin, workflow: pick(["a", "b"]) });
  const acts = {
    enqueue: async () => void (await engine.enqueue(enqueued())),
    late: async () => {
      if (isOpen) await stranger.query(pick(["commit", "rollback"]));
      else
        await stranger
          .query("begin; savepoint s")
          .then(() => stranger.query("select baton.enqueue($1)", [JSON.stringify({ runs: enqueued() })]));
      isOpen = !isOpen;
    },
    work: async () => {
      const { token, runs } = await engine.claim({ max: 5 });
      if (runs.length === 0) return;
      const facts = {
        steps: [] as object[],
        failures: [] as object[],
        done: [] as object[],
        failed: [] as object[],
        sleeps: [] as object[],
      };
      for (const run of runs) {
        const known = openRuns.get(run.id) ?? { attempt: 1, position: 0 };
        const age_ms = Math.floor(random() * 90_000);
        const act = pick(["step", "fail", "end", "sleep"]);
        if (act === "fail") {
          facts.failures.push(failure(run, { node: `n${known.position}`, attempt: known.attempt, age_ms, delay_ms: null }));
          facts.failed.push({ ...member(run), error });
          openRuns.set(run.id, { ...known, attempt: known.attempt + 1 });
        } else if (act === "sleep" && known.position === 0 && known.attempt === 1) {
          facts.sleeps.push(sleep(run));
          openRuns.set(run.id, { attempt: 1, position: 1 });
        } else {
          facts.steps.push(step(run, { node: `n${known.position}`, ...known }));
          openRuns.set(run.id, { attempt: 1, position: known.position + 1 });
          if (act === "end") facts.done.push(member(run));
        }
      }
      await engine.advance(token, 1, facts as never);
      await engine.release(token);
    },
    redrive: async () => {
      const [failed] = await query<{ run_id: string; at: Date }>(
        "select run_id, at from baton.ending where status = 'failed' order by random() limit 1",
      );
      if (failed === undefined || !(await engine.redrive(failed.run_id))!.changed) return;
      takenBack.push(failed);
    },
    cancel: async () => {
      const [queued] = await query<{ run_id: string }>("select run_id from baton.ready limit 1");
      if (queued !== undefined) await engine.cancel(queued.run_id);
    },
    tick: async () => void (await engine.tick()),
    pass: () => database.advance(pick(["1 second", "20 seconds", "61 seconds"])),
  };
  for (let n = 0; n < 150; n++) {
    const act = pick(Object.keys(acts) as (keyof typeof acts)[]);
    await acts[act]();
    expect([seed, n, act, await all()]).toEqual([seed, n, act, await recount(query, takenBack)]);
  }
  if (isOpen) await stranger.query("commit");
  await rollUpAll(takenBack);
  expect(await all()).toEqual(await recount(query, takenBack));
  expect((await rolled()).length).toBeGreaterThan(3);
});

test("a quantile from buckets is at most 5 % off", async () => {
  const [{ worst }] = (await query(
    `select max(abs(baton.quantile(counts, part) / exact - 1)) as worst
     from (
       select baton.count_buckets(array_agg(ms)) as counts, p.part, percentile_disc(p.part) within group (order by ms) as exact
       from (select shape, power(10, 2 + random() * shape)::float8 as ms from generate_series(1, 5) as s (shape), generate_series(1, 1000)) as t,
         unnest(array[0.01, 0.5, 0.95, 0.99, 1]) as p (part)
       group by shape, p.part
     ) as measured`,
  )) as [{ worst: number }];
  expect(worst).toBeGreaterThan(0);
  // A percent more for the rounding to milliseconds, from a tenth of a second on.
  expect(worst).toBeLessThan(0.06);
});

test("throughput has the sums of the 5 and the 60 minutes that end with each", async () => {
  await database.setNow(begin);
  for (const minutes of [0, 3, 2, 56, 200]) {
    await database.advance(`${minutes} minutes`);
    await engine.enqueue([newRun({ at: begin }), newRun({ at: begin, workflow: "other" })]);
  }
  const rows = await query(
    "select minute, enqueued, enqueued_5m::int, enqueued_60m::int from baton.throughput where workflow = 'other' order by 1",
  );
  const at = (time: string) => new Date(`2026-11-25T${time}:00Z`);
  expect(rows).toEqual([
    { minute: at("10:00"), enqueued: "1", enqueued_5m: 1, enqueued_60m: 1 },
    { minute: at("10:03"), enqueued: "1", enqueued_5m: 2, enqueued_60m: 2 },
    { minute: at("10:05"), enqueued: "1", enqueued_5m: 2, enqueued_60m: 3 },
    { minute: at("11:01"), enqueued: "1", enqueued_5m: 1, enqueued_60m: 3 },
    { minute: at("14:21"), enqueued: "1", enqueued_5m: 1, enqueued_60m: 1 },
  ]);
});

test("daily is the rollup by day, refreshed while others read it, by its owner alone", async () => {
  await database.setNow(begin);
  await engine.enqueue(newRuns(3, { at: begin }));
  await database.advance("1 minute");
  const { token, runs } = await engine.claim();
  await database.advance("10 seconds");
  await engine.advance(token, 1, { steps: runs.map((run) => step(run, { took_ms: 2_000 })), done: runs.map(member) });
  await rollUpAll();
  await stranger.query("begin; select from baton.daily");
  await query("select baton.refresh_daily()");
  await stranger.query("commit");
  const [day] = await query("select * from baton.daily");
  expect(day).toMatchObject({ day: new Date("2026-11-25T00:00:00Z"), workflow: "fulfil-order", enqueued: "3", done: "3", steps: "3" });
  for (const [column, ms] of [
    ["p50_duration_ms", 2_000],
    ["p95_waited_ms", 68_000],
    ["p95_step_ms", 2_000],
  ] as const)
    expect(Math.abs(Number(day![column]) / ms - 1)).toBeLessThan(0.05);
  const reader = new pg.Client(database.url("reader"));
  await reader.connect();
  await reader.query("select from baton.daily; select from baton.throughput");
  await expect(reader.query("select baton.refresh_daily()")).rejects.toMatchObject({ code: "42501" });
  await reader.end();
});

test("two ticks at once count nothing twice", async () => {
  await database.setNow(begin);
  for (let round = 0; round < 5; round++) {
    await engine.enqueue(newRuns(20, { at: begin }));
    await database.advance("61 seconds");
    await Promise.all([engine.tick(), engine.tick(), engine.tick()]);
    expect(await all()).toEqual(await recount(query));
  }
});
