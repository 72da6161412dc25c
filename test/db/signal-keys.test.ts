import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, leaseOf, member, newRun, placesOf, step } from "../support/engine-calls.ts";
import { byKey, failed, keyedRuns, keys, named, parkOf } from "../support/keyed-runs.ts";

const database = await createTestDatabase();
const { engine, claimAgain, leasedRun, leasedOwner, waitingOwner, endedOwner, send, messages, unclaimed, owners } = keyedRuns(database);
checkAfterEach(database);

test("a message by a key that nobody has is kept for the run that comes to wait by it, in the order in which they came", async () => {
  expect(await send({ body: 1 })).toEqual({ status: "accepted", woken: false, run: null });
  await send({ body: 2 });
  await send({ key: "o-2", body: 3 });
  await send({ name: "other", body: 4 });
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, parkOf(run));
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
  expect((await claimAgain()).run).toMatchObject({ mail: { taken: null, letters: [{ body: 1 }] } });
  expect(await messages()).toMatchObject([{ body: 1 }, { body: 2 }]);
  expect(await unclaimed()).toEqual([{ body: 3 }, { body: 4 }]);
});

test("a message by a key goes to the run that has it, and wakes it where it waits for that", async () => {
  const id = await waitingOwner();
  expect(await send({ name: "other" })).toEqual({ status: "accepted", woken: false, run: null });
  expect(await send()).toEqual({ status: "accepted", woken: true, run: id });
  expect(await messages()).toEqual([{ run: id, body: 5 }]);
});

test("an id makes a repeat by a key harmless, also once a run has taken the key, and says nothing of another key", async () => {
  expect(await send({ id: "a" })).toMatchObject({ status: "accepted" });
  expect(await send({ id: "a" })).toMatchObject({ status: "repeated" });
  await expect(send({ id: "a", body: 6 })).rejects.toMatchObject({ sqlstate: "BT011" });
  expect(await send({ id: "a", key: "o-2" })).toMatchObject({ status: "accepted" });
  const id = await waitingOwner();
  expect(await send({ id: "a" })).toMatchObject({ status: "repeated", run: id });
  await expect(send({ id: "a", body: 6 })).rejects.toMatchObject({ sqlstate: "BT011" });
  expect(await messages()).toHaveLength(1);
  await database.advance("8 days");
  expect(await send({ id: "a" })).toMatchObject({ status: "accepted", run: id });
});

test("a signal by a key of another shape is refused, with what is wrong, and nothing is stored", async () => {
  for (const [request, problem] of [
    [{ key: "k", name: "paid", body: 1 }, 'lacks the key "workflow"'],
    [{ ...byKey, run: randomUUID() }, 'unknown key "run"'],
    [{ ...byKey, key: "" }, 'the signal has the key ""'],
    [{ ...byKey, key: "ö" }, 'the signal has the key "ö"'],
    [{ ...byKey, key: "x".repeat(256) }, "the signal has the key"],
    [{ ...byKey, key: 1 }, 'the signal has under "key" no string'],
  ] as const)
    await expect(engine.signal(request as never)).rejects.toMatchObject({ sqlstate: "BT040", message: expect.stringContaining(problem) });
  expect(await unclaimed()).toEqual([]);
});

test("a key that nobody has takes 1,000 messages or 1 MiB, and the id of one too many is not kept", async () => {
  const fill = (key: string, body: string, count: number) =>
    database.query(
      `insert into baton.unclaimed (workflow, name, key, body, at)
       select 'fulfil-order', 'paid', $1, to_jsonb(repeat('x', $2)), baton.now() from generate_series(1, $3::int)`,
      [key, body.length, count],
    );
  await fill("o-1", "x", 1_000);
  await fill("o-2", "x".repeat(65_000), 17);
  for (const key of ["o-1", "o-2"]) expect(await send({ key, id: "a" })).toEqual({ status: "full", woken: false, run: null });
  await database.query("delete from baton.unclaimed where n in (select n from baton.unclaimed where key = 'o-1' limit 1)");
  expect(await send({ id: "a" })).toMatchObject({ status: "accepted" });
});

test("a second run that waits by the same key is told whose it is not, and has it once the first has ended", async () => {
  const first = await waitingOwner();
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, parkOf(run));
  expect(await owners()).toEqual([{ key: "o-1", run: first }]);
  await database.advance("1 second");
  const again = await claimAgain();
  expect(again.run).toMatchObject({ id: run.id, mail: { taken: keys, letters: [] } });
  expect((await engine.advance(again.token, 1, { asks: [named(again.run)] })).mail).toMatchObject({ [run.id]: { taken: keys } });
  await engine.cancel(first);
  expect((await engine.advance(again.token, 2, { asks: [named(again.run)] })).mail).toMatchObject({ [run.id]: { taken: null } });
  expect(await owners()).toEqual([{ key: "o-1", run: run.id }]);
});

test("of two runs of one round that wait by the same key one has it, and the other is told so", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await engine.advance(token, 1, { waits: runs.flatMap((run) => parkOf(run).waits) });
  await database.advance("1 second");
  const { runs: again } = await engine.claim({ manifest: [{ name: "fulfil-order", version: 1, shape: "new", waits: true }] });
  expect(await owners()).toHaveLength(1);
  expect(again).toMatchObject([{ mail: { taken: keys } }]);
});

test("a run keeps its key until it has ended, and for 7 days more it answers that it has", async () => {
  const { token, run } = await leasedOwner();
  await engine.advance(token, 1, { steps: [step(run)], parks: [{ ...member(run), delay_ms: 0 }] });
  expect(await send()).toMatchObject({ status: "accepted", run: run.id });
  const again = await claimAgain();
  await engine.advance(again.token, 1, failed(again.run));
  expect(await send()).toEqual({ status: "ended", woken: false, run: run.id });
  await database.advance("167 hours");
  expect(await send()).toMatchObject({ status: "ended" });
  await database.advance("1 hour");
  expect(await send({ body: 6 })).toEqual({ status: "accepted", woken: false, run: null });
  const next = await waitingOwner();
  expect(await messages()).toEqual([
    { run: run.id, body: 5 },
    { run: next, body: 6 },
  ]);
});

test("a new run takes the key of one that has ended, and nothing that was sent to that", async () => {
  const before = await endedOwner();
  await database.query("insert into baton.message (run_id, name, body, at) values ($1, 'paid', '1', baton.now())", [before]);
  const id = await waitingOwner();
  expect(await placesOf(database, id)).toEqual(["waiting"]);
  expect(await send()).toMatchObject({ status: "accepted", run: id });
  expect(await messages()).toEqual([
    { run: before, body: 1 },
    { run: id, body: 5 },
  ]);
});

test("a message that no run claims within 7 days is deleted by a tick, a few at a time, counted, and taken by nobody", async () => {
  await send({ body: 1 });
  await database.advance("1 day");
  await send({ body: 2 });
  expect(await database.query("select * from baton.unclaimed_signals")).toEqual([
    { workflow: "fulfil-order", name: "paid", key: "o-1", count: 2, oldest_at: expect.any(Date), expires_at: expect.any(Date) },
  ]);
  await database.advance("6 days");
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, parkOf(run));
  expect(await messages()).toEqual([{ run: run.id, body: 2 }]);
  expect(await engine.tick()).toMatchObject({ expired_signals: 1 });
  expect(await engine.tick()).toMatchObject({ expired_signals: 0, unclaimed_ms: null });
  await database.query(
    `insert into baton.unclaimed (workflow, name, key, body, at)
     select 'fulfil-order', 'paid', 'o-9', '1', baton.now() - interval '8 days' from generate_series(1, 150)`,
  );
  expect([await engine.tick(), await engine.tick()]).toMatchObject([{ expired_signals: 100 }, { expired_signals: 50 }]);
});

test("a tick tells how long the oldest signal that no run has claimed has been there", async () => {
  await database.setNow(new Date());
  expect(await engine.tick()).toMatchObject({ unclaimed_ms: null });
  await database.query(
    `insert into baton.unclaimed (workflow, name, key, body, at)
     select 'fulfil-order', 'paid', 'o-' || n, '1', baton.now() - n * interval '1 hour' from generate_series(1, 50) as n`,
  );
  expect(await engine.tick()).toMatchObject({ unclaimed_ms: 50 * 3_600_000 });
});

test("a run that is deleted takes its keys along, and what is sent by them then is kept", async () => {
  const id = await endedOwner();
  await database.query("select baton.delete_run($1)", [id]);
  expect(await owners()).toEqual([]);
  expect(await send()).toMatchObject({ status: "accepted", run: null });
});

test("a redriven run has its key still, unless another took it", async () => {
  const id = await endedOwner();
  await engine.redrive(id);
  expect(await send()).toMatchObject({ status: "accepted", run: id });
  const { token, run } = await claimAgain();
  await engine.advance(token, 1, failed(run));
  const other = await waitingOwner();
  await engine.redrive(id);
  const again = await claimAgain();
  expect(again.run).toMatchObject({ id, mail: { taken: keys } });
  expect(await send()).toMatchObject({ run: other });
});

test("a repair wakes a run that does not have the key by which it waits, and no other", async () => {
  const id = await waitingOwner();
  const { token, runs } = await leaseOf(engine, [newRun()]);
  await engine.advance(token, 1, parkOf(runs[0]!));
  await database.query("update baton.ready set run_at = baton.now() + interval '1 day'");
  expect(await database.query("select baton.repair() as n")).toEqual([{ n: 1 }]);
  expect([await placesOf(database, id), await placesOf(database, runs[0]!.id)]).toEqual([["waiting"], ["ready"]]);
});
