import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, leaseOf, newRun, placesOf } from "../support/engine-calls.ts";
import { interleave } from "../support/interleaving.ts";
import { advance, byKey, failed, keyedRuns, keys, named, operate, parkOf, signal, tick } from "../support/keyed-runs.ts";

const database = await createTestDatabase();
const { engine, claimAgain, leasedRun, leasedOwner, waitingOwner, endedOwner, send, messages, unclaimed, owners } = keyedRuns(database);
checkAfterEach(database);

for (const [what, leased] of [
  ["that nobody has", leasedRun],
  ["that its own run has", leasedOwner],
] as const) {
  test(`a key ${what}: signal, then park: the round waits for nobody, and the run has the message a second later`, async () => {
    const { token, run } = await leased();
    const { first, second } = await interleave(database, signal(), advance(token, parkOf(run)));
    expect([first, second]).toMatchObject([{ status: "accepted" }, { waited: false, sqlstate: undefined }]);
    await database.advance("1 second");
    const again = await claimAgain();
    await engine.advance(again.token, 1, parkOf(again.run));
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
    expect((await claimAgain()).run).toMatchObject({ mail: { letters: [{ body: 5 }] } });
  });

  test(`a key ${what}: park, then signal: the sender waits for the round, and wakes the run`, async () => {
    const { token, run } = await leased();
    const { second } = await interleave(database, advance(token, parkOf(run)), signal());
    expect(second).toMatchObject({ waited: true, answer: { status: "accepted", woken: true, run: run.id } });
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
  });

  test(`a key ${what}: signal, then timeout: the round waits for nobody, and nothing of the run is stored`, async () => {
    const { token, run } = await leased();
    const round = { timeouts: [named(run)], ...failed(run) };
    const { second } = await interleave(database, signal(), advance(token, round));
    expect(second).toMatchObject({ waited: false, answer: { late: [run.id], lost: [] } });
    expect(await placesOf(database, run.id)).toEqual(["waiting"]);
    await database.advance("1 second");
    const again = await claimAgain();
    expect(await engine.advance(again.token, 1, { timeouts: [named(again.run)], ...failed(again.run) })).toMatchObject({ late: [run.id] });
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
  });
}

test("signal, then signal by the same key that a run has: the second waits for the first, and both are there", async () => {
  const id = await waitingOwner();
  const { second } = await interleave(database, signal({ body: 1 }), signal({ body: 2 }));
  expect(second).toMatchObject({ waited: true, answer: { status: "accepted", run: id } });
  expect(await messages()).toMatchObject([{ body: 1 }, { body: 2 }]);
});

test("signal, then signal by the same key that nobody has: the second waits for nobody", async () => {
  const { second } = await interleave(database, signal({ body: 1 }), signal({ body: 2 }));
  expect(second).toMatchObject({ waited: false, answer: { status: "accepted" } });
  expect(await unclaimed()).toEqual([{ body: 1 }, { body: 2 }]);
});

test("the same id twice by a key that nobody has: the second waits for the first, and is its repeat, or is stored where that is not", async () => {
  expect((await interleave(database, signal({ id: "a" }), signal({ id: "a" }))).second).toMatchObject({
    waited: true,
    answer: { status: "repeated" },
  });
  const { second } = await interleave(database, signal({ id: "b" }), signal({ id: "b" }), "rollback");
  expect(second).toMatchObject({ waited: true, answer: { status: "accepted" } });
  expect(await unclaimed()).toHaveLength(2);
});

test("signal by id, then by key to the same run, and the other way round in one transaction: nobody meets a deadlock", async () => {
  const id = await waitingOwner();
  const byId = signal({ workflow: undefined, key: undefined, run: id });
  const session = new pg.Client(database.url("producer"));
  await session.connect();
  onTestFinished(() => session.end());
  await session.query("begin");
  await session.query(`select ${byId.text}`, [...byId.values]);
  const second = interleave(database, signal({ body: 6 }), tick);
  await expect
    .poll(() => database.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
    .toHaveLength(1);
  await session.query(`select ${signal().text}`, [...signal().values]);
  await session.query("commit");
  expect((await second).first).toMatchObject({ status: "accepted", run: id });
  expect(await messages()).toHaveLength(3);
});

test("signal, then park that is rolled back, by a stranger who idles: one of 100 runs is put back for a second", async () => {
  const { token, runs } = await leaseOf(
    engine,
    Array.from({ length: 100 }, () => newRun()),
  );
  const waits = runs.map((run, nth) => ({ ...parkOf(run).waits[0]!, keys: [{ name: "paid", key: `k-${nth}` }] }));
  const session = new pg.Client(database.url("producer"));
  await session.connect();
  await session.query("begin");
  await session.query("select baton.signal($1)", [JSON.stringify({ ...byKey, key: "k-7" })]);
  await engine.advance(token, 1, { waits });
  const soon = await database.query("select run_id as id from baton.ready where run_at <= baton.now() + interval '1 second'");
  expect(soon).toEqual([{ id: runs[7]!.id }]);
  await session.query("rollback");
  await session.end();
});

test("signal, then cancel: the cancel waits for nobody, and the next signal is told that the run has ended", async () => {
  const id = await waitingOwner();
  const { second } = await interleave(database, signal(), operate("cancel", id));
  expect(second).toMatchObject({ waited: false, answer: { status: "cancelling" } });
  await claimAgain();
  expect(await send()).toMatchObject({ status: "ended", run: id });
});

test("cancel, then signal: the run is cancelled, whatever the sender was told", async () => {
  const id = await waitingOwner();
  const { second } = await interleave(database, operate("cancel", id), signal());
  expect(second.sqlstate).toBeUndefined();
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("an ending, then signal: who sends before it is there has sent to a run that has ended", async () => {
  const { token, run } = await leasedOwner();
  const { second } = await interleave(database, advance(token, failed(run)), signal());
  expect(second).toMatchObject({ answer: { run: run.id } });
  expect(await send()).toMatchObject({ status: "ended" });
});

test("signal, then the ending of its run: the round waits for nobody", async () => {
  const { token, run } = await leasedOwner();
  const { second } = await interleave(database, signal(), advance(token, failed(run)));
  expect(second).toMatchObject({ waited: false, answer: { lost: [] } });
});

test("an ending, then another run's park by its key: that is put back for a second, and has the key then", async () => {
  const { token, run } = await leasedOwner();
  const other = await leasedRun();
  const { second } = await interleave(database, advance(token, failed(run)), advance(other.token, parkOf(other.run)));
  expect(second).toMatchObject({ waited: false });
  await database.advance("1 second");
  const again = await claimAgain();
  expect(again.run.mail).toMatchObject({ taken: null });
  await engine.advance(again.token, 1, parkOf(again.run));
  expect(await owners()).toEqual([{ key: "o-1", run: other.run.id }]);
});

test("two runs park by one key at once: neither round waits, and the second is told whose the key is not", async () => {
  const [one, other] = [await leasedRun(), await leasedRun()];
  const { second } = await interleave(database, advance(one.token, parkOf(one.run)), advance(other.token, parkOf(other.run)));
  expect(second).toMatchObject({ waited: false });
  await database.advance("1 second");
  expect((await claimAgain()).run).toMatchObject({ id: other.run.id, mail: { taken: keys } });
});

for (const [one, other] of [
  ["redrive", "signal"],
  ["signal", "redrive"],
] as const) {
  test(`${one}, then ${other}: neither waits, and the sender is told that the run has ended`, async () => {
    const id = await endedOwner();
    const calls = { redrive: operate("redrive", id), signal: signal() };
    const { first, second } = await interleave(database, calls[one], calls[other]);
    expect(second.waited).toBe(false);
    expect(one === "signal" ? first : second.answer).toMatchObject({ status: "ended" });
    expect(await send()).toMatchObject({ status: "accepted", run: id });
  });
}

test("delete, then signal: the sender waits, and its message is kept for another run", async () => {
  const id = await endedOwner();
  await database.query("update baton.ending set at = at - interval '1 day'");
  const { second } = await interleave(database, operate("delete_run", id), signal());
  expect(second).toMatchObject({ waited: true, answer: { status: "accepted", run: null } });
  expect(await unclaimed()).toHaveLength(1);
});

test("signal, then delete: the message is not for the run that is gone", async () => {
  const id = await endedOwner();
  const { first } = await interleave(database, signal(), operate("delete_run", id));
  expect(first).toMatchObject({ status: "ended" });
  expect(await database.query("select from baton.message")).toEqual([]);
});

test("delete, then another run's park by its key: the round waits for nobody, and the run has the key a second later", async () => {
  const id = await endedOwner();
  const { token, run } = await leasedRun();
  const { second } = await interleave(database, operate("delete_run", id), advance(token, parkOf(run)));
  expect(second).toMatchObject({ waited: false });
  await database.advance("1 second");
  const again = await claimAgain();
  await engine.advance(again.token, 1, parkOf(again.run));
  expect(await owners()).toEqual([{ key: "o-1", run: run.id }]);
});

for (const order of ["the tick, then a park", "a park, then the tick"] as const) {
  test(`${order} that meet at an expired message: it is gone once, and the run waits`, async () => {
    await send({ body: 1 });
    await database.advance("169 hours");
    await send({ body: 2 });
    const { token, run } = await leasedRun();
    const calls = [tick, advance(token, parkOf(run))] as const;
    const [one, other] = order.startsWith("the tick") ? calls : calls.toReversed();
    const { second } = await interleave(database, one, other);
    expect(second).toMatchObject({ waited: false, sqlstate: undefined });
    expect(await messages()).toEqual([{ run: run.id, body: 2 }]);
    expect(await unclaimed()).toEqual([]);
  });

  test(`${order.replace("a park", "a signal")}: neither waits for the other`, async () => {
    await send({ body: 1 });
    await database.advance("169 hours");
    const calls = [tick, signal()] as const;
    const [one, other] = order.startsWith("the tick") ? calls : calls.toReversed();
    expect((await interleave(database, one, other)).second).toMatchObject({ waited: false });
    expect(await unclaimed()).toEqual([{ body: 5 }]);
  });
}
