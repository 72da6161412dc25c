import { expect, test } from "vitest";
import type { NewRun } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, member, newRun, newRuns, placesOf } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
// The endpoint plays the faults.
const overNeon = engineOf(database, "neon");
checkAfterEach(database);

const runsStored = async () => (await database.query("select id from baton.run order by id")).map(({ id }) => id as string);

for (const driver of ["neon", "pg"] as const) {
  test(`through ${driver}, the same batch again changes nothing and gives the same answer`, async () => {
    const { enqueue } = engineOf(database, driver);
    const runs = newRuns(3);
    const first = await enqueue(runs);
    const again = await enqueue(runs);
    expect(first.runs).toEqual(runs.map(({ id }) => ({ id, status: "ready" })));
    expect(again.runs).toEqual(first.runs);
    expect(again.nudge).toBe(false);
    expect(await runsStored()).toEqual(runs.map(({ id }) => id));
  });
}

test("a batch whose answer is lost is stored once, however often it is sent", async () => {
  const runs = newRuns(2);
  database.neon.inject(({ index }) => ({ kind: index % 2 === 0 ? "drop-after" : "truncate" }));
  for (const _ of [1, 2, 3]) await expect(overNeon.enqueue(runs)).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
  database.neon.inject(() => ({ kind: "repeat-concurrently" }));
  expect((await overNeon.enqueue(runs)).runs.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
  expect(await runsStored()).toHaveLength(2);
});

test("a repeat does not bring a finished run back", async () => {
  const runs = newRuns(1);
  await engine.enqueue(runs);
  const { token, runs: members } = await engine.claim();
  await engine.advance(token, 1, { done: members.map(member) });
  expect((await engine.enqueue(runs)).runs).toEqual([{ id: runs[0]!.id, status: "ready" }]);
  expect(await placesOf(database, runs[0]!.id)).toEqual(["done"]);
});

test("a batch is stored as a whole or not at all", async () => {
  const bad = { ...newRun(), priority: 4 };
  await expect(engine.enqueue([...newRuns(5), bad])).rejects.toMatchObject({
    name: "DatabaseRefusedError",
    sqlstate: "23514",
    constraint: "run_priority_is_0_to_3",
  });
  expect(await runsStored()).toEqual([]);
});

const HOUR = 3_600_000;
for (const [what, ms] of [
  ["over 24 hours old", -24 * HOUR - 1],
  ["over 5 minutes ahead", HOUR / 12],
] as const) {
  test(`an id ${what} is refused as BT010 with the database's milliseconds`, async () => {
    const now = new Date("2026-03-04T05:06:07.890Z");
    await database.setNow(now);
    const foreign = newRun({ at: new Date(now.getTime() + ms) });
    await expect(engine.enqueue([newRun({ at: now }), foreign])).rejects.toMatchObject({ sqlstate: "BT010", detail: `${now.getTime()}` });
    expect(await runsStored()).toEqual([]);
  });
}

test("an id is good from 24 hours old to just below 5 minutes ahead", async () => {
  const now = new Date("2026-03-04T05:06:07.890Z");
  await database.setNow(now);
  const runs = [-24 * HOUR, 0, HOUR / 12 - 1].map((ms) => newRun({ at: new Date(now.getTime() + ms) }));
  await engine.enqueue(runs);
  expect(await runsStored()).toEqual(runs.map(({ id }) => id));
});

test("a client whose clock is a month behind is served after it took the time from the refusal", async () => {
  const refused = await engine
    .enqueue([newRun({ at: new Date(Date.now() - 30 * 24 * HOUR) })])
    .catch((thrown: { detail: string }) => thrown);
  const run = newRun({ at: new Date(Number((refused as { detail: string }).detail)) });
  await engine.enqueue([run]);
  expect(await runsStored()).toEqual([run.id]);
});

test("a run with a delay or a later time waits, the others are ready, in the order given", async () => {
  const now = new Date("2026-03-04T05:06:07.890Z");
  await database.setNow(now);
  const later = new Date(now.getTime() + HOUR);
  const runs = [newRun({ at: now, delay_ms: 10_000 }), newRun({ at: now }), newRun({ at: now, run_at: later.toISOString() })];
  const answer = await engine.enqueue(runs);
  expect(answer.runs.map(({ status }) => status)).toEqual(["waiting", "ready", "waiting"]);
  const [delayed, , dated] = await Promise.all(runs.map(({ id }) => engine.findRun(id)));
  expect(Date.parse(delayed!.run_at!)).toBe(now.getTime() + 10_000);
  expect(Date.parse(dated!.run_at!)).toBe(later.getTime());
});

test("a run whose time has passed is due now, and a poller that reads on from its watermark finds it", async () => {
  const { low } = await engine.claim();
  const run = newRun({ run_at: "2001-02-03T04:05:06Z" });
  expect((await engine.enqueue([run])).runs).toEqual([{ id: run.id, status: "ready" }]);
  expect((await engine.claim({ low })).runs).toMatchObject([{ id: run.id }]);
});

test("a poller is to be woken for what is due within 15 seconds", async () => {
  expect(await engine.enqueue([newRun({ delay_ms: 3_600_000 })])).toMatchObject({ nudge: false });
  expect(await engine.enqueue([newRun({ delay_ms: 14_999 })])).toMatchObject({ nudge: true });
  expect(await engine.enqueue([newRun({ delay_ms: 15_001 })])).toMatchObject({ nudge: false });
  expect(await engine.enqueue([newRun({ delay_ms: 3_600_000 }), newRun()])).toMatchObject({ nudge: true });
});

test("each priority is a band of its own", async () => {
  const runs = [0, 1, 2, 3].map((priority) => newRun({ priority }));
  await engine.enqueue(runs);
  const bands = await database.query("select band from baton.ready order by run_id");
  expect(bands.map(({ band }) => Number(band))).toEqual([0, 1, 2, 3]);
});

test("the runs of one batch are due a microsecond apart, in the order given", async () => {
  const runs = newRuns(50).toReversed();
  await engine.enqueue(runs);
  const due = await database.query("select run_id from baton.ready order by run_at");
  expect(due.map(({ run_id }) => run_id as string)).toEqual(runs.map(({ id }) => id));
  expect(await database.query("select distinct run_at from baton.ready")).toHaveLength(50);
});

test("partitions that nobody made ahead are made by the enqueue that needs them", async () => {
  const later = new Date(Date.now() + 60 * 24 * HOUR);
  await database.setNow(later);
  const run = newRun({ at: later });
  await engine.enqueue([run]);
  await database.advance("1 second");
  const { token, runs } = await engine.claim();
  await engine.advance(token, 1, { done: runs.map(member) });
  const [row] = await database.query(
    "select r.tableoid::regclass::text as run, e.tableoid::regclass::text as ending from baton.run r join baton.ending e on e.run_id = r.id",
  );
  expect(row).toEqual({ run: expect.stringMatching(/^baton\.run_2/), ending: expect.stringMatching(/^baton\.ending_2/) });
});

test("two enqueues that need new partitions at once are both stored", async () => {
  const later = new Date(Date.now() + 120 * 24 * HOUR);
  await database.setNow(later);
  const runs = newRuns(8, { at: later });
  await Promise.all(runs.map((run) => engine.enqueue([run])));
  expect(await runsStored()).toHaveLength(8);
});

for (const level of ["repeatable read", "serializable"]) {
  test(`a session that is ${level} by default is refused as BT020`, async () => {
    // A database that nobody has spoken to: a setting holds for new sessions, and a pooler keeps
    // old ones.
    await using fresh = await createTestDatabase();
    await fresh.query(`alter database ${fresh.name} set default_transaction_isolation = '${level}'`);
    await expect(engineOf(fresh, "pg").enqueue(newRuns(1))).rejects.toMatchObject({ sqlstate: "BT020" });
    expect(await fresh.query("select from baton.run")).toEqual([]);
  });
}

test("an id that stands twice in one call is one run, and a run without an id is refused", async () => {
  const run = newRun();
  expect((await engine.enqueue([run, newRun(), run])).runs).toHaveLength(3);
  expect(await database.query("select count(*)::int as runs from baton.run")).toEqual([{ runs: 2 }]);
  const { id: _, ...nameless } = newRun();
  await expect(engine.enqueue([nameless as NewRun])).rejects.toMatchObject({
    sqlstate: "BT040",
    message: "a run of enqueue has no id",
  });
});

test("a key finds the run that it was given with, however its id is written", async () => {
  const run = newRun({ key: "k", hash: "h" });
  const answer = await engine.enqueue([{ ...run, id: run.id.toUpperCase() }]);
  expect(answer.runs).toMatchObject([{ id: run.id }]);
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
});

test("a run may start within ten years, or at exactly baton.never(), and at no other time", async () => {
  const start = (run_at: string) => engine.enqueue([newRun({ run_at })]);
  const inYears = (years: number) => new Date(Date.now() + years * 365.25 * 86_400_000).toISOString();
  await start(inYears(9.99));
  await start("9999-12-31T00:00:00Z");
  for (const unlawful of [inYears(10.1), "9999-12-30T00:00:00Z", "9999-12-31T00:00:00.000001Z", "infinity"]) {
    await expect(start(unlawful)).rejects.toMatchObject({ sqlstate: "BT052" });
  }
  await expect(engine.enqueue([newRun({ delay_ms: Number.MAX_SAFE_INTEGER })])).rejects.toMatchObject({ sqlstate: "BT052" });
  expect(await database.query("select count(*)::integer as n from baton.run")).toEqual([{ n: 2 }]);
  expect(await engine.claim()).toMatchObject({ runs: [] });
});
