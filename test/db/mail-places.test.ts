import { expect, test } from "vitest";
import { answeredRuns, manifest, requests } from "../support/answered-runs.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, member, placesOf, step } from "../support/engine-calls.ts";
import type { InvariantsBrokenError } from "../support/invariants.ts";

const database = await createTestDatabase();
const { engine, leasedRun } = answeredRuns(database);
checkAfterEach(database);

const MONTH = 30 * 24 * 3_600_000;
const keys = [{ name: "paid", key: "o-1" }];
const names = ["paid", requests.decide("").name];
const until = { node: "sign-off/~until/00000", position: 0, attempt: 0, delay_ms: MONTH };

/** A run that waits a month, for a signal by a key and for a decision. */
async function waitingRun(): Promise<string> {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, {
    timers: [{ ...member(run), ...until }],
    waits: [{ ...member(run), delay_ms: MONTH, bytes: 2, names, keys }],
  });
  return run.id;
}

async function broken(): Promise<readonly string[]> {
  try {
    await database.assertInvariants();
    return [];
  } catch (thrown) {
    return (thrown as InvariantsBrokenError).violations.map(({ invariant }) => invariant);
  }
}

const repair = async () => Number((await database.query("select baton.repair() as n"))[0]!["n"]);

const UNKNOWN = "00000000-0000-7000-8000-000000000000";
const BELONGS = "every place, checkpoint, failure, ending, row of attributes, wait, message, key and child belongs to a run";
const KEYED = "a run that waits by a key has it, and all that was sent by it, or is due";

test("what waits is whole, and a repair finds nothing to do", async () => {
  const id = await waitingRun();
  expect(await broken()).toEqual([]);
  expect(await repair()).toBe(0);
  expect(await placesOf(database, id)).toEqual(["waiting"]);
});

test.each([
  ["a wait that is gone", "delete from baton.wait", "a run that waits for others is known to those who send"],
  [
    "a message that woke nobody",
    `insert into baton.message (run_id, name, body, at) select run_id, 'paid', '5', now() from baton.ready`,
    "a run is due whose signal is there",
  ],
  ["a key that is gone", "delete from baton.signal_key", KEYED],
  ["a key that another run has", `update baton.signal_key set run_id = (select id from baton.run where workflow = 'other')`, KEYED],
  ["a place that is gone", "delete from baton.ready", "every unfinished run is in exactly one place"],
])("%s is found; a repair makes the run due, and it waits or goes on", async (_, slip, invariant) => {
  const id = await waitingRun();
  const other = await leasedRun();
  await database.query("update baton.run set workflow = 'other' where id = $1", [other.run.id]);
  await database.query(slip);
  expect(await broken()).toEqual([invariant]);
  expect(await repair()).toBe(1);
  expect(await placesOf(database, id)).toEqual(["ready"]);
  expect(await broken()).toEqual([]);
  const { token, runs } = await engine.claim({ manifest });
  expect(runs).toMatchObject([{ id }]);
  await engine.advance(token, 1, { waits: [{ ...member(runs[0]!), delay_ms: MONTH, bytes: 2, names, keys }] });
  await database.query("delete from baton.message; delete from baton.unclaimed");
});

test("a message by a key that lies beside its owner is found, and that run takes it when it waits anew", async () => {
  const id = await waitingRun();
  await database.query(
    "insert into baton.unclaimed (workflow, name, key, body, at) values ('fulfil-order', 'paid', 'o-1', '5', baton.now())",
  );
  expect(await broken()).toEqual([KEYED]);
  expect(await repair()).toBe(1);
  const { token, runs } = await engine.claim({ manifest });
  await engine.advance(token, 1, { waits: [{ ...member(runs[0]!), delay_ms: MONTH, bytes: 2, names, keys }] });
  expect(await placesOf(database, id)).toEqual(["ready"]);
  expect(await database.query("select run_id as id from baton.message")).toEqual([{ id }]);
});

test.each([
  ["wait", `insert into baton.wait values ('${UNKNOWN}', '{paid}')`],
  ["message", `insert into baton.message (run_id, name, body, at) values ('${UNKNOWN}', 'paid', '5', now())`],
  ["signal_key", `insert into baton.signal_key values ('fulfil-order', 'paid', 'o-2', '${UNKNOWN}')`],
])("a row of %s that belongs to no run is found", async (table, slip) => {
  await database.query(slip);
  expect(await broken()).toEqual([BELONGS]);
  await database.query(`delete from baton.${table}`);
});

test("a heartbeat of a run that waits is nothing to repair", async () => {
  const { token, run } = await leasedRun();
  const { complete, beat } = { complete: requests.complete(run.id), beat: requests.beat(run.id) };
  await engine.advance(token, 1, {
    steps: [step(run, { node: "before" })],
    waits: [{ ...member(run), delay_ms: MONTH, bytes: 2, names: [complete.name, beat.name] }],
  });
  await engine.answerWait(beat);
  expect(await broken()).toEqual([]);
  expect(await repair()).toBe(0);
});
