import pg from "pg";
import { describe, expect, test } from "vitest";
import type { Driver } from "../../shared/db/connect.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { ASKED, DAY, HOUR, MINUTE, type Place, PLACES, Service, START } from "../support/jumping-service.ts";
import { seededRandom } from "../support/random.ts";

// The clock of the database jumps away and comes back, while runs are in every place: those that
// were there before it jumped, and those that came there while it was away.
const AWAY = 30 * MINUTE;
const JUMPS: Readonly<Record<string, number>> = {
  "3 hours ahead": 3 * HOUR,
  "2 days ahead": 2 * DAY,
  "28 days ahead": 28 * DAY,
  "3 hours behind": -3 * HOUR,
  "2 days behind": -2 * DAY,
  "28 days behind": -28 * DAY,
};

/** A service whose clock stands at its start and was seen there by a tick. */
async function tickedOnce(database: TestDatabase, driver: Driver = "neon"): Promise<Service> {
  const service = new Service(database, driver);
  await service.pass(0);
  await service.engine.tick();
  return service;
}

/** Runs in every place before a jump and after it; the clock comes back; two ticks later. */
async function awayAndBack(database: TestDatabase, driver: Driver, by: number): Promise<Service> {
  const service = await tickedOnce(database, driver);
  await service.place("before");
  await service.engine.tick();
  await service.jump(by);
  await service.engine.tick();
  await service.pass(MINUTE);
  await service.engine.tick();
  service.awayWaits = await service.waits();
  await service.place("while");
  await service.tickFor(AWAY);
  await service.place("late");
  await service.jump(-by);
  await service.engine.tick();
  await service.pass(MINUTE);
  await service.engine.tick();
  return service;
}

/** The waits and outcomes of the same runs while the clock does not jump. */
async function lived(driver: Driver) {
  await using database = await createTestDatabase();
  const service = await awayAndBack(database, driver, 0);
  const waits = await service.waits();
  await service.work(...REST);
  return { awayWaits: service.awayWaits, waits, outcomes: await service.outcomes() };
}

/** All that any run still waits for. */
const REST = [MINUTE, 2 * HOUR, 3 * DAY, 3 * DAY];

let usual: ReturnType<typeof lived> | undefined;

describe.each(["neon", "pg"] as const)("through %s", (driver) => {
  test.each(Object.entries(JUMPS))(
    "a clock that was %s is back for two ticks: no run waits longer than it was asked to, now or while it was away, none from before it starts early, and all end as if nothing had been",
    async (_, by) => {
      await using database = await createTestDatabase();
      const [usually, service] = [await (usual ??= lived(driver)), await awayAndBack(database, driver, by)];
      const waits = await service.waits();
      for (const [name, expected] of Object.entries(usually.awayWaits)) {
        const wait = service.awayWaits[name]!;
        expect([name, wait, wait <= (expected ?? 0)]).toEqual([name, wait, true]);
      }
      for (const when of ["before", "while", "late"]) {
        for (const place of PLACES) {
          const [wait, expected] = [waits[`${when} ${place}`]!, usually.waits[`${when} ${place}`]!];
          // Of what came while the clock was away, it is known to ten minutes when.
          if (when === "before" || expected === null) expect([when, place, wait]).toEqual([when, place, expected]);
          else expect([when, place, wait, wait <= Math.min(expected + 11, ASKED[place] / MINUTE)]).toEqual([when, place, wait, true]);
        }
      }
      await database.assertInvariants();
      await service.work(...REST);
      expect(await service.outcomes()).toEqual(usually.outcomes);
      await database.assertInvariants();
    },
  );
});

test.each([1, 2, 3, 4])(
  "a clock that jumps eight times, anywhere, is right for two ticks: all are due within what they were asked to wait, and end (%i)",
  async (seed) => {
    await using database = await createTestDatabase();
    const service = new Service(database, seed % 2 === 0 ? "neon" : "pg");
    const { random } = seededRandom(seed);
    const targets = [0, ...Object.values(JUMPS)];
    await service.pass(0);
    await service.place("0");
    for (let n = 1; n <= 8; n++) {
      await service.jumpTo(targets[Math.floor(random() * targets.length)]!);
      await service.tickFor(Math.ceil(random() * 5) * 10 * MINUTE);
      await service.place(`${n}`);
    }
    await service.jumpTo(0);
    await service.engine.tick();
    await service.pass(MINUTE);
    await service.engine.tick();
    for (const [name, wait] of Object.entries(await service.waits())) {
      const asked = ASKED[name.split(" ")[1] as Place] / MINUTE;
      expect([name, wait, (wait ?? 0) <= asked]).toEqual([name, wait, true]);
    }
    await service.work(...REST);
    const usually = (await (usual ??= lived("pg"))).outcomes;
    for (const [name, outcome] of Object.entries(await service.outcomes())) {
      expect([name, outcome]).toEqual([name, usually[`before ${name.split(" ")[1]}`]]);
    }
    await database.assertInvariants();
  },
);

describe("a clock that was set back", () => {
  test("takes no run from a poller that goes on with its lease, and a dead one's is over after half a minute", async () => {
    await using database = await createTestDatabase();
    const service = await tickedOnce(database);
    await service.jump(28 * DAY);
    await service.engine.tick();
    await service.enqueue("", "worked on");
    await service.pass(1_000);
    const held = await service.engine.claim();
    await service.enqueue("", "left behind");
    await service.pass(1_000);
    await service.engine.claim();
    await service.jump(-28 * DAY);
    expect(await service.engine.tick()).toMatchObject({ crashed: 0, lease_expires_in_ms: 30_000 });
    await service.pass(29_000);
    await service.engine.advance(held.token, 1);
    await service.pass(1_000);
    expect(await service.engine.tick()).toMatchObject({ crashed: 1, lease_expires_in_ms: 29_000 });
    expect((await service.engine.claim({ suspects: true })).runs.map(({ id }) => id)).toEqual([service.runs.get(" left behind")]);
  });

  test("is noticed by a lease that lasts too long where it was ahead between two ticks", async () => {
    await using database = await createTestDatabase();
    const service = await tickedOnce(database);
    await service.jump(28 * DAY);
    const ids = [await service.enqueue("", "given back"), await service.enqueue("", "leased")];
    await service.pass(1_000);
    const held = await service.engine.claim({ max: 1 });
    await service.engine.claim({ max: 1 });
    await service.engine.release(held.token);
    await service.jump(-28 * DAY);
    await service.engine.tick();
    await service.pass(1_000);
    expect((await service.engine.claim()).runs.map(({ id }) => id)).toEqual([ids[0]]);
    await service.pass(MINUTE);
    expect(await service.engine.tick()).toMatchObject({ crashed: 2 });
  });

  test("leaves a start that was named as a moment where it is, and counts a delay from now", async () => {
    await using database = await createTestDatabase();
    const service = await tickedOnce(database);
    await service.jump(28 * DAY);
    await service.engine.tick();
    await service.enqueue("", "named", { run_at: new Date(START + 40 * DAY).toISOString() });
    await service.enqueue("", "named in the past", { run_at: new Date(START).toISOString() });
    await service.enqueue("", "delayed", { delay_ms: 12 * DAY });
    await service.jump(-28 * DAY);
    await service.engine.tick();
    const inDays = async () => Object.values(await service.waits()).map((minutes) => Math.round((minutes! * MINUTE) / DAY));
    expect(await inDays()).toEqual([40, 0, 12]);
    // The places can be rebuilt, and then it is the same.
    await database.query("delete from baton.ready");
    await database.query("select baton.repair()");
    expect(await inDays()).toEqual([40, 0, 12]);
  });

  test("keeps an idempotency key for seven days from then, not longer", async () => {
    await using database = await createTestDatabase();
    const service = new Service(database, "neon");
    await service.pass(0);
    await service.jump(28 * DAY);
    await service.enqueue("", "with a key", { key: "k", hash: "h" });
    await service.jump(-28 * DAY);
    await service.engine.tick();
    const keys = () => database.query("select from baton.dedup where expires_at > baton.now()");
    await service.pass(7 * DAY - 1);
    expect(await keys()).toHaveLength(1);
    await service.pass(1);
    expect(await keys()).toHaveLength(0);
  });

  test("makes a backlog due again, 10,000 runs a tick, in the order in which it was", async () => {
    await using database = await createTestDatabase();
    const service = await tickedOnce(database);
    await database.query(
      `with stored as (
         insert into baton.run select baton.new_id(), 'order', 1, n % 4, '{}', at, at
         from (select n, baton.now() - n * interval '100 milliseconds' as at from generate_series(1, 25000) as n) as due returning *)
       insert into baton.ready select id, priority, start_at, 2, false from stored`,
    );
    const order = async () =>
      (await database.query<{ run_id: string }>("select run_id from baton.ready order by band, run_at")).map(({ run_id }) => run_id);
    const before = await order();
    await service.jump(-3 * HOUR);
    const due: number[] = [];
    for (let n = 0; n < 3; n++) {
      await service.engine.tick();
      await service.pass(MINUTE);
      due.push((await database.query("select from baton.ready where run_at <= baton.now()")).length);
    }
    expect(due).toEqual([10_000, 20_000, 25_000]);
    expect(await order()).toEqual(before);
  });

  test("is set right by one tick at a time: another does not wait for it, and what somebody holds is set right by the next", async () => {
    await using database = await createTestDatabase();
    const service = await tickedOnce(database);
    const ids = [await service.enqueue("", "held"), await service.enqueue("", "free")];
    const [holder, first] = [new pg.Client(database.ownerUrl), new pg.Client(database.ownerUrl)];
    await Promise.all([holder.connect(), first.connect()]);
    try {
      await holder.query("begin");
      await holder.query("select from baton.ready where run_id = $1 for update", [ids[0]]);
      await service.jump(-3 * HOUR);
      await first.query("begin");
      await first.query("select baton.tick()");
      expect(await service.engine.tick()).toMatchObject({ crashed: 0 });
      expect((await service.engine.claim()).runs).toEqual([]);
      await first.query("commit");
      await service.pass(MINUTE);
      expect(await service.waits()).toMatchObject({ " free": 0, " held": 179 });
      await holder.query("rollback");
    } finally {
      await Promise.all([holder.end(), first.end()]);
    }
    await service.engine.tick();
    expect(await service.waits()).toMatchObject({ " free": 0, " held": 0 });
    await database.assertInvariants();
  });

  test("hides a run from a poller's watermark until it has ticked, and no longer", async () => {
    await using database = await createTestDatabase();
    const service = new Service(database, "neon");
    await service.pass(0);
    await service.jump(28 * DAY);
    const { low: ahead } = await service.engine.claim();
    await service.jump(-28 * DAY);
    const id = await service.enqueue("", "later");
    await service.pass(6_000);
    const { runs, low } = await service.engine.claim({ low: ahead });
    expect(runs).toEqual([]);
    // By itself it has found back to the time, for whatever comes from now on.
    const next = await service.enqueue("", "latest");
    await service.pass(1_000);
    expect((await service.engine.claim({ low })).runs.map((run) => run.id)).toEqual([next]);
    expect((await service.engine.claim({ low: (await service.engine.tick()).low })).runs.map((run) => run.id)).toEqual([id]);
  });
});

test("a tick writes what it saw of the clock every ten minutes, and nothing in between", async () => {
  await using database = await createTestDatabase();
  const service = new Service(database, "neon");
  await service.pass(0);
  const writers: string[] = [];
  for (let minute = 0; minute < 34; minute++) {
    await service.engine.tick();
    writers.push((await database.query<{ writer: string }>("select xmin::text as writer from baton.clock"))[0]!.writer);
    await service.pass(MINUTE);
  }
  expect(writers.filter((writer, n) => writer !== writers[n - 1])).toHaveLength(4);
});

test("what is in no order outside of a time that the clock lived twice stays a violation", async () => {
  await using database = await createTestDatabase();
  const service = await tickedOnce(database);
  await service.jump(-2 * DAY);
  await service.engine.tick();
  const id = await service.enqueue("", "ended");
  await database.query("delete from baton.ready");
  await database.query("insert into baton.ending select id, 'done', null, created_at from baton.run");
  const stored = (at: number) =>
    database.query(
      `with earlier as (delete from baton.checkpoint)
       insert into baton.checkpoint values ($1, 'n' || $2, 0, 1, to_timestamp($2::float8 / 1000), to_timestamp($2::float8 / 1000), 'null')`,
      [id, at],
    );
  await stored(START - DAY);
  await database.assertInvariants();
  await stored(START + DAY);
  await expect(database.assertInvariants()).rejects.toThrow("nothing happens after an ending");
});
