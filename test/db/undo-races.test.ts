import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  checkAfterEach,
  claimRequest,
  engineOf,
  error,
  leaseOf,
  member,
  type Member,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";
import { type Call, interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const manifest = [{ name: "fulfil-order", version: 1, shape: "new", undoes: true as const }];
const cancel = (id: string, undo = true): Call => ({ role: "operator", text: "baton.cancel($1, $2)", values: [id, { undo }] });
const redrive = (id: string): Call => ({ role: "operator", text: "baton.redrive($1)", values: [id] });
const tick: Call = { role: "poller", text: "baton.tick()", values: [] };
const claim = (suspects = false): Call => ({
  role: "poller",
  text: "baton.claim($1, $2)",
  values: [randomUUID(), JSON.stringify(claimRequest({ manifest, suspects }))],
});
const advance = (token: string, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, 2, $2)",
  values: [token, advanceRequest(facts)],
});

/** What a round says of a member. */
const park = (run: Member) => ({ sleeps: [sleep(run, { position: 1 })] });
const rule = (run: Member) => ({
  steps: [step(run, { node: "~verdict", attempt: 0, output: { status: "failed", error } })],
  parks: [{ ...member(run), delay_ms: 0 }],
});
const finish = (run: Member) => ({ done: [member(run)] });

async function begun() {
  const { token, runs } = await leaseOf(engine, 1, { manifest });
  const run = runs[0]!;
  await engine.advance(token, 1, { steps: [step(run)] });
  return { token, run };
}

async function ready(): Promise<Member> {
  const { token, run } = await begun();
  await engine.release(token);
  return run;
}

/** Claims the run, which is being undone, and ends it. */
async function endUndone({ id }: Member, status: "failed" | "cancelled"): Promise<void> {
  await engine.tick();
  const { token, runs } = await engine.claim({ manifest });
  expect(runs.map((run) => [run.id, run.outputs!["~verdict"]])).toMatchObject([[id, { status }]]);
  const run = runs[0]!;
  const steps = [step(run, { node: "~undo/reserve", output: null }), step(run, { node: "~undone", attempt: 0, output: 1 })];
  await engine.advance(token, 1, {
    steps,
    ...(status === "failed" ? { failed: [{ ...member(run), error }] } : { cancelled: [member(run)] }),
  });
  expect(await placesOf(database, id)).toEqual([status]);
  expect(await database.query("select from baton.control")).toEqual([]);
}

/** In both orders, one stopped before its commit. */
const orders = [
  ["cancel with undo first", true],
  ["cancel with undo second", false],
] as const;
const inOrder = (isFirst: boolean, stop: Call, other: Call) =>
  isFirst ? interleave(database, stop, other) : interleave(database, other, stop);

test.each(orders)("%s, and a round that parks: the run is undone", async (_, isFirst) => {
  const { token, run } = await begun();
  await inOrder(isFirst, cancel(run.id), advance(token, park(run)));
  await endUndone(run, "cancelled");
});

test.each(orders)("%s, and a round that says that it is undone since it failed: that counts", async (_, isFirst) => {
  const { token, run } = await begun();
  await inOrder(isFirst, cancel(run.id), advance(token, rule(run)));
  await endUndone(run, "failed");
});

test.each(orders)("a plain %s, and a round that says that it is undone since it failed: it is undone", async (_, isFirst) => {
  const { token, run } = await begun();
  await inOrder(isFirst, cancel(run.id, false), advance(token, rule(run)));
  const isCancelled = (await placesOf(database, run.id))[0] === "cancelled";
  expect(isCancelled).toBe(false);
  await endUndone(run, "failed");
});

test.each(orders)("%s, and a round that ends the run: it is done", async (_, isFirst) => {
  const { token, run } = await begun();
  await inOrder(isFirst, cancel(run.id), advance(token, finish(run)));
  expect(await placesOf(database, run.id)).toEqual(["done"]);
  await engine.tick();
  expect(await database.query("select from baton.control")).toEqual([]);
});

test.each(orders)("%s, and a claim: its poller is told at once, or in its first round", async (_, isFirst) => {
  const run = await ready();
  await inOrder(isFirst, cancel(run.id), claim());
  const [lease] = await database.query<{ token: string }>("select token from baton.lease");
  if (lease !== undefined) {
    expect(await engine.advance(lease.token, 1)).toMatchObject({ called_off: [run.id] });
    await engine.release(lease.token);
  }
  await endUndone(run, "cancelled");
});

test.each(orders)("%s, and a reaper: the run is undone by whoever claims it", async (_, isFirst) => {
  const { run } = await begun();
  await database.advance("31 seconds");
  await inOrder(isFirst, cancel(run.id), tick);
  await endUndone(run, "cancelled");
});

test.each(orders)("%s, and a tick that applies stops: the run is undone once", async (_, isFirst) => {
  const run = await ready();
  await database.query("insert into baton.control (run_id, kind, at, undo) values ($1, 'cancel', baton.now(), true)", [run.id]);
  await inOrder(isFirst, cancel(run.id), tick);
  await endUndone(run, "cancelled");
});

test.each(orders)("%s, and a plain cancel of what is parked: the first counts", async (_, isFirst) => {
  const run = await ready();
  await inOrder(isFirst, cancel(run.id), cancel(run.id, false));
  if (isFirst) await endUndone(run, "cancelled");
  else expect(await placesOf(database, run.id)).toEqual(["cancelled"]);
});

test.each(orders)("%s, and a redrive of a run that failed with nothing to undo: one comes after the other", async (_, isFirst) => {
  const { token, run } = await begun();
  await engine.advance(token, 2, rule(run));
  const again = await engine.claim({ manifest });
  const ending = {
    steps: [step(again.runs[0]!, { node: "~undone", attempt: 0, output: 0 })],
    failed: [{ ...member(again.runs[0]!), error }],
  };
  await engine.advance(again.token, 1, ending);
  await inOrder(isFirst, cancel(run.id), redrive(run.id));
  if (isFirst) expect(await placesOf(database, run.id)).toEqual(["ready"]);
  else await endUndone(run, "cancelled");
});

test("two redrives of a run that was undone are refused, and nothing changes", async () => {
  const { token, run } = await begun();
  await engine.advance(token, 2, rule(run));
  await endUndone(run, "failed");
  const { first, second } = await interleave(database, redrive(run.id), redrive(run.id));
  expect([first, second.answer]).toMatchObject([{ undone: true }, { undone: true }]);
  expect(await placesOf(database, run.id)).toEqual(["failed"]);
});
