import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { AdvanceRequest, NewRun } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  block,
  checkAfterEach,
  claimRequest,
  engineOf,
  error,
  leaseOf,
  member,
  type Member,
  newRun,
  newRuns,
  placesOf,
  step,
} from "../support/engine-calls.ts";
import { type Call, interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

/** redrives: which life of the run is meant; by default the one it is in. */
const cancel = (id: string, redrives?: number): Call => control("cancel", id, redrives);
const redrive = (id: string, redrives?: number): Call => control("redrive", id, redrives);
const control = (name: string, id: string, redrives?: number): Call => ({
  role: "operator",
  text: redrives === undefined ? `baton.${name}($1)` : `baton.${name}($1, $2)`,
  values: redrives === undefined ? [id] : [id, { redrives }],
});
const tick: Call = { role: "poller", text: "baton.tick()", values: [] };
const release = (token: string): Call => ({ role: "poller", text: "baton.release($1)", values: [token] });
const claim = (token: string = randomUUID(), max = 100): Call => ({
  role: "poller",
  text: "baton.claim($1, $2)",
  values: [token, JSON.stringify(claimRequest({ max, manifest: [{ name: "fulfil-order", version: 1, shape: "new" }] }))],
});
const advance = (token: string, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, 1, $2)",
  values: [token, advanceRequest(facts)],
});
const enqueue = (...runs: NewRun[]): Call => ({ role: "producer", text: "baton.enqueue($1)", values: [JSON.stringify({ runs })] });

const month = 30 * 24 * 3_600_000;
const park = (run: Member) => ({ steps: [step(run)], parks: [{ ...member(run), delay_ms: month }] });
const finish = (run: Member) => ({ steps: [step(run)], done: [member(run)] });

async function readyRun(): Promise<string> {
  const [run] = newRuns(1);
  await engine.enqueue([run!]);
  return run!.id;
}

async function leasedRun(): Promise<{ token: string; run: Member }> {
  const { token, runs } = await leaseOf(engine, 1);
  return { token, run: runs[0]! };
}

async function failedRun(): Promise<string> {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, { failed: [{ ...member(run), error }] });
  return run.id;
}

test("cancel, then claim: the claim passes over the run, which is cancelled", async () => {
  const id = await readyRun();
  const { first, second } = await interleave(database, cancel(id), claim());
  expect([first, second]).toMatchObject([{ status: "cancelled" }, { waited: false, answer: { runs: [] } }]);
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("cancel that is rolled back, then claim: the run goes on", async () => {
  const id = await readyRun();
  await interleave(database, cancel(id), claim(), "rollback");
  expect(await placesOf(database, id)).toEqual(["ready"]);
  expect((await engine.claim()).runs).toMatchObject([{ id }]);
});

test("claim, then cancel: cancel waits for nobody, and the next round stops the run", async () => {
  const id = await readyRun();
  const token = randomUUID();
  const { first, second } = await interleave(database, claim(token), cancel(id));
  expect([first, second]).toMatchObject([{ runs: [{ id }] }, { waited: false, answer: { status: "cancelling" } }]);
  expect((await engine.advance(token, 1)).stopped).toEqual([id]);
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("claim that is rolled back, then cancel: cancel waits for nobody, and the next claim passes over the run", async () => {
  const id = await readyRun();
  const { second } = await interleave(database, claim(), cancel(id), "rollback");
  expect(second).toMatchObject({ waited: false, answer: { status: "cancelling" } });
  expect((await engine.claim()).runs).toEqual([]);
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

for (const order of ["cancel, then a round that parks", "a round that parks, then cancel"]) {
  test(`${order}: the run does not sleep on for a month`, async () => {
    const { token, run } = await leasedRun();
    const calls: [Call, Call] = [cancel(run.id), advance(token, park(run))];
    const [first, second] = order.startsWith("cancel") ? calls : (calls.toReversed() as [Call, Call]);
    expect((await interleave(database, first, second)).second.sqlstate).toBeUndefined();
    expect(await placesOf(database, run.id)).toEqual(["waiting"]);
    expect(await engine.tick()).toMatchObject({ stopped: 1 });
    expect(await placesOf(database, run.id)).toEqual(["cancelled"]);
    expect(await database.query("select from baton.control")).toEqual([]);
  });

  test(`${order.replace("parks", "blocks")}: the run is cancelled`, async () => {
    const { token, run } = await leasedRun();
    const calls: [Call, Call] = [cancel(run.id), advance(token, { blocked: [block(run)] })];
    const [first, second] = order.startsWith("cancel") ? calls : (calls.toReversed() as [Call, Call]);
    await interleave(database, first, second);
    await engine.tick();
    expect(await placesOf(database, run.id)).toEqual(["cancelled"]);
  });

  test(`${order.replace("parks", "ends")}: the run is done, and nothing of the cancel stays`, async () => {
    const { token, run } = await leasedRun();
    const calls: [Call, Call] = [cancel(run.id), advance(token, finish(run))];
    const [first, second] = order.startsWith("cancel") ? calls : (calls.toReversed() as [Call, Call]);
    await interleave(database, first, second);
    expect(await placesOf(database, run.id)).toEqual(["done"]);
    await engine.tick();
    expect(await database.query("select from baton.control")).toEqual([]);
  });
}

test("a cancel that a failure overtook does not stop the run when it is redriven", async () => {
  const { token, run } = await leasedRun();
  await interleave(database, cancel(run.id), advance(token, { failed: [{ ...member(run), error }] }));
  expect(await engine.redrive(run.id)).toMatchObject({ status: "failed", redriven: true });
  expect(await engine.claim()).toMatchObject({ runs: [{ id: run.id }], stopped: [] });
});

test("a round, then reap: the reaper passes over the lease, which is good again", async () => {
  const { token, run } = await leasedRun();
  await database.advance("31 seconds");
  const { second } = await interleave(database, advance(token, { steps: [step(run)] }), tick);
  expect(second).toMatchObject({ waited: false, answer: { crashed: 0 } });
  expect(await engine.tick()).toMatchObject({ crashed: 0 });
  expect(await placesOf(database, run.id)).toEqual(["lease"]);
});

test("reap, then a round: the round waits, and is BT001", async () => {
  const { token, run } = await leasedRun();
  await database.advance("31 seconds");
  const { first, second } = await interleave(database, tick, advance(token, finish(run)));
  expect([first, second]).toMatchObject([{ crashed: 1 }, { waited: true, sqlstate: "BT001" }]);
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
});

test("reap that is rolled back, then a round: the round waits, and is applied", async () => {
  const { token, run } = await leasedRun();
  await database.advance("31 seconds");
  const { second } = await interleave(database, tick, advance(token, finish(run)), "rollback");
  expect(second).toMatchObject({ waited: true, answer: { round: 1 } });
  expect(await placesOf(database, run.id)).toEqual(["done"]);
});

test("reap, then reap: one of them counts the crash", async () => {
  const { run } = await leasedRun();
  await database.advance("31 seconds");
  const { first, second } = await interleave(database, tick, tick);
  expect([first, second.answer]).toMatchObject([{ crashed: 1 }, { crashed: 0 }]);
  expect(await engine.findRun(run.id)).toMatchObject({ crashes: 1 });
});

test("reap, then cancel: the next tick cancels the run", async () => {
  const { run } = await leasedRun();
  await database.advance("31 seconds");
  await interleave(database, tick, cancel(run.id));
  await engine.tick();
  expect(await placesOf(database, run.id)).toEqual(["cancelled"]);
});

test("a round, then release: release waits, and gives back who is left", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const { second } = await interleave(database, advance(token, finish(runs[0]!)), release(token));
  expect(second).toMatchObject({ waited: true, answer: { released: 1 } });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["done"]);
});

test("release, then a round: the round waits, and is BT001", async () => {
  const { token, run } = await leasedRun();
  const { second } = await interleave(database, release(token), advance(token, finish(run)));
  expect(second).toMatchObject({ waited: true, sqlstate: "BT001" });
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
});

test("a round, then its copy: the copy waits, and gets the same answer", async () => {
  const { token, run } = await leasedRun();
  await engine.enqueue(newRuns(3));
  const round = advance(token, { ...finish(run), claim: { max: 2, max_bytes: 1_000_000, low: {}, manifest: [] } });
  const { first, second } = await interleave(database, round, round);
  expect(second.waited).toBe(true);
  expect(second.answer!["runs"]).toEqual(first!["runs"]);
  expect(second.answer!["lost"]).toEqual([]);
});

test("claim, then its copy: the copy waits, and gets the same lease", async () => {
  await engine.enqueue(newRuns(3));
  const call = claim(randomUUID(), 2);
  const { first, second } = await interleave(database, call, call);
  expect(second.waited).toBe(true);
  expect(second.answer!["runs"]).toEqual(first!["runs"]);
});

test("claim, then another claim: it does not wait, and gets other runs", async () => {
  await engine.enqueue(newRuns(4));
  const { first, second } = await interleave(database, claim(randomUUID(), 2), claim(randomUUID(), 2));
  expect(second.waited).toBe(false);
  const runs = [...(first!["runs"] as Member[]), ...(second.answer!["runs"] as Member[])];
  expect(new Set(runs.map(({ id }) => id)).size).toBe(4);
});

test("claim of a cancelled run, then tick: it is cancelled once", async () => {
  const id = await readyRun();
  await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', now())", [id]);
  const { first } = await interleave(database, claim(), tick);
  expect(first).toMatchObject({ runs: [], stopped: [id] });
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("tick that stops a run, then claim: the claim passes over it", async () => {
  const id = await readyRun();
  await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', now())", [id]);
  const { second } = await interleave(database, tick, claim());
  expect(second).toMatchObject({ waited: false, answer: { runs: [] } });
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("claim of a blocked run, then cancel: cancel waits, and the next round stops the run", async () => {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, { blocked: [block(run)] });
  const next = randomUUID();
  const { first, second } = await interleave(database, claim(next), cancel(run.id));
  expect([first, second]).toMatchObject([{ runs: [{ id: run.id }] }, { waited: true, answer: { status: "cancelling" } }]);
  expect((await engine.advance(next, 1)).stopped).toEqual([run.id]);
});

for (const end of ["commit", "rollback"] as const) {
  test(`two enqueues with one key, the first ends in ${end}: one run, and both are told of it`, async () => {
    const [one, other] = [newRun({ key: "k", hash: "h" }), newRun({ key: "k", hash: "h" })];
    const { second } = await interleave(database, enqueue(one), enqueue(other), end);
    const kept = end === "commit" ? one : other;
    expect(second).toMatchObject({ waited: true, answer: { runs: [{ id: kept.id }] } });
    expect(await database.query("select id from baton.run")).toEqual([{ id: kept.id }]);
  });

  test(`two enqueues with one id, the first ends in ${end}: one run`, async () => {
    const run = newRun();
    const { second } = await interleave(database, enqueue(run), enqueue(run), end);
    expect(second).toMatchObject({ waited: true, answer: { runs: [{ id: run.id }], nudge: end === "rollback" } });
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
  });

  test(`two redrives, the first ends in ${end}: the run is ready once`, async () => {
    const id = await failedRun();
    const { second } = await interleave(database, redrive(id), redrive(id), end);
    expect(second).toMatchObject({ waited: true, answer: { redriven: true, status: end === "commit" ? "unfinished" : "failed" } });
    expect(await placesOf(database, id)).toEqual(["ready"]);
    expect(await database.query("select from baton.redrive")).toHaveLength(1);
  });
}

test("redrive, then cancel: a cancel that means the failed life leaves the run alone, one that means the run as it is stops it", async () => {
  for (const [redrives, status, place] of [
    [0, "ready", "ready"],
    [undefined, "cancelled", "cancelled"],
  ] as const) {
    const id = await failedRun();
    const { second } = await interleave(database, redrive(id), cancel(id, redrives));
    expect(second).toMatchObject({ waited: true, answer: { status } });
    expect(await placesOf(database, id)).toEqual([place]);
  }
});
