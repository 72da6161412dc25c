import { expect, test } from "vitest";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  block,
  checkAfterEach,
  engineOf,
  error,
  leaseOf,
  member,
  type Member,
  newRun,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const manifest = [{ name: "fulfil-order", version: 1, shape: "new", undoes: true as const }];
const verdict = (run: Member, status = "failed") => step(run, { node: "~verdict", attempt: 0, output: { status, error } });
const undoOf = (run: Member, node: string) => step(run, { node: `~undo/${node}`, output: null });
const undone = (run: Member, count = 1) => step(run, { node: "~undone", attempt: 0, output: count });

/** The only run, claimed anew. */
async function claimed(): Promise<{ token: string; run: ClaimedRun }> {
  const { token, runs } = await engine.claim({ manifest });
  expect(runs).toHaveLength(1);
  return { token, run: runs[0]! };
}

/** One that has stored a step, and is in a lease. */
async function begun() {
  const { token, runs } = await leaseOf(engine, 1, { manifest });
  const run = runs[0]!;
  await engine.advance(token, 1, { steps: [step(run)] });
  return { token, run };
}

/** One that is being undone. */
async function undoing() {
  const { token, run } = await begun();
  await engine.advance(token, 2, { steps: [verdict(run)], parks: [{ ...member(run), delay_ms: 0 }] });
  return claimed();
}

async function finish({ token, run }: { token: string; run: Member }, as: "failed" | "cancelled"): Promise<void> {
  const ending = as === "failed" ? { failed: [{ ...member(run), error }] } : { cancelled: [member(run)] };
  await engine.advance(token, 1, { steps: [undoOf(run, "reserve"), undone(run)], ...ending });
  expect(await placesOf(database, run.id)).toEqual([as]);
}

const ruled = async (id: string) =>
  (await database.query<{ output: unknown }>("select output from baton.checkpoint where run_id = $1 and node = '~verdict'", [id]))[0]
    ?.output;

test("a claim tells all of a run that is undone, and when each path was over; of others it tells no times", async () => {
  const { token, runs } = await leaseOf(engine, 2, { manifest });
  const [run, other] = [runs[0]!, runs[1]!];
  const folds = ["items/00000/take", "items/~fold/00001"].map((node) => step(run, { node, position: 1 }));
  await engine.advance(token, 1, {
    steps: [step(run), step(run, { node: "items", position: 1, attempt: 0 }), ...folds, step(other)],
    parks: [{ ...member(other), delay_ms: 0 }],
  });
  await engine.advance(token, 2, { steps: [verdict(run)], parks: [{ ...member(run), delay_ms: 0 }] });
  const skips = [{ path: "items", floor: "fold" }];
  const again = await engine.claim({ manifest: [{ ...manifest[0]!, skips }] });
  const told = again.runs.find(({ id }) => id === run.id)!;
  expect(Object.keys(told.outputs!).sort()).toEqual(["items", "items/00000/take", "items/~fold/00001", "reserve", "~verdict"]);
  expect(Object.keys(told.finished!).sort()).toEqual(Object.keys(told.outputs!).sort());
  const [{ at }] = (await database.query<{ at: string }>(
    "select (extract(epoch from finished_at) * 1000000)::bigint::text as at from baton.checkpoint where run_id = $1 and node = 'reserve'",
    [run.id],
  )) as [{ at: string }];
  expect(told.finished!["reserve"]).toBe(Number(at));
  expect(again.runs.find(({ id }) => id === other.id)!.finished).toBeUndefined();
  await engine.release(again.token);
});

test("a run that is undone and was cancelled ends so; a redrive of one that has failed is refused", async () => {
  await finish(await undoing(), "cancelled");
  const failed = await undoing();
  await finish(failed, "failed");
  expect(await engine.redrive(failed.run.id)).toEqual({ status: "failed", redriven: false, changed: false, undone: true });
  expect(await placesOf(database, failed.run.id)).toEqual(["failed"]);
});

test("a run that older code has set aside since it is undone is taken by code that can undo", async () => {
  const { token, run } = await undoing();
  const reason = 'version 1 of workflow "fulfil-order" in this code cannot have stored an output for "~verdict"';
  await engine.advance(token, 1, { blocked: [block(run, { shape: "new", reason })] });
  const unable = [{ name: "fulfil-order", version: 1, shape: "new" }];
  expect((await engine.claim({ manifest: unable })).runs).toEqual([]);
  await finish(await claimed(), "failed");
});

test("a run of which nothing was to be undone is redriven, and stands where it stood", async () => {
  const { token, run } = await undoing();
  await engine.advance(token, 1, { steps: [undone(run, 0)], failed: [{ ...member(run), error }] });
  expect(await engine.redrive(run.id)).toMatchObject({ redriven: true, changed: true });
  expect(Object.keys((await claimed()).run.outputs!)).toEqual(["reserve"]);
});

test("a poison of a workflow that can be undone is undone first; the next poison ends it, incomplete", async () => {
  const { token, run } = await begun();
  await engine.release(token);
  const crash = async () => {
    const { token: held, runs } = await engine.claim({ manifest, suspects: true });
    await engine.advance(held, 1);
    await database.advance("31 seconds");
    await engine.tick();
    return runs.map(({ id }) => id);
  };
  await engine.claim({ manifest });
  await database.advance("31 seconds");
  await engine.tick();
  const path = ["", "", ""];
  for (const _ of path) expect(await crash()).toEqual([run.id]);
  expect(await ruled(run.id)).toMatchObject({ status: "failed", crashed: true, error: { name: "PoisonError" } });
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
  for (const _ of path) expect(await crash()).toEqual([run.id]);
  expect(await placesOf(database, run.id)).toEqual(["failed"]);
  expect(await engine.redrive(run.id)).toMatchObject({ redriven: false, undone: true });
});

test("what cannot be told ends as before where the workflow has nothing to undo, and is undone where it has", async () => {
  const { token, run } = await begun();
  await engine.advance(token, 2, { parks: [{ ...member(run), delay_ms: 60_000 }] });
  const plain = newRun({ workflow: "plain", delay_ms: 60_000 });
  await engine.enqueue([plain]);
  await database.query("update baton.ready set run_at = 'infinity'");
  await engine.tick();
  expect(await placesOf(database, plain.id)).toEqual(["failed"]);
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
  expect(await ruled(run.id)).toMatchObject({ status: "failed", error: { name: "UnlawfulTimeError" } });
});

test("a run that is too large to be told is undone no more than it can be read: it ends incomplete", async () => {
  const { token, run } = await begun();
  await engine.advance(token, 2, { parks: [{ ...member(run), delay_ms: 0 }] });
  await database.query("update baton.ready set bytes = 10000000");
  await engine.claim({ manifest });
  expect(await ruled(run.id)).toMatchObject({ status: "failed", error: { name: "StateTooLargeError" } });
  await database.query("update baton.ready set bytes = 10000000");
  await engine.claim({ manifest });
  expect(await placesOf(database, run.id)).toEqual(["failed"]);
});

test.each(["ready", "asleep", "blocked"])(
  "a run that is %s and is cancelled with undo is due at once, and told as cancelled",
  async (where) => {
    const { token, run } = await begun();
    if (where === "ready") await engine.release(token);
    else await engine.advance(token, 2, where === "asleep" ? { sleeps: [sleep(run, { position: 1 })] } : { blocked: [block(run)] });
    expect(await engine.cancel(run.id, { undo: true })).toEqual({ status: "cancelling" });
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
    for (const request of [{}, { undo: true as const }])
      expect(await engine.cancel(run.id, request)).toEqual({ status: "ready", undoing: true });
    const again = await claimed();
    expect(again.run.outputs!["~verdict"]).toEqual({ status: "cancelled", error: null });
    expect(await engine.cancel(run.id)).toEqual({ status: "running", undoing: true });
    await finish(again, "cancelled");
  },
);

test("a member that is cancelled with undo stays, and its poller is told until it has said that it is undone", async () => {
  const { token, run } = await begun();
  expect(await engine.cancel(run.id, { undo: true })).toEqual({ status: "cancelling" });
  for (const round of [2, 3]) expect(await engine.advance(token, round)).toMatchObject({ called_off: [run.id], stopped: [] });
  const round = { steps: [verdict(run, "cancelled")], parks: [{ ...member(run), delay_ms: 0 }] };
  expect(await engine.advance(token, 4, round)).toMatchObject({ called_off: null, stopped: [] });
  expect(await database.query("select from baton.control")).toEqual([]);
  await finish(await claimed(), "cancelled");
});

test("a member that was parked in the round that told of it is undone all the same", async () => {
  const { token, run } = await begun();
  await engine.cancel(run.id, { undo: true });
  await engine.advance(token, 2, { sleeps: [sleep(run, { position: 1 })] });
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
  await finish(await claimed(), "cancelled");
});

test("of two cancels of a member the one with undo counts; a run that is over meanwhile is done", async () => {
  const { token, run } = await begun();
  for (const request of [{}, { undo: true as const }, {}]) await engine.cancel(run.id, request);
  expect(await engine.advance(token, 2)).toMatchObject({ called_off: [run.id], stopped: [] });
  expect(await engine.advance(token, 3, { done: [member(run)] })).toMatchObject({ called_off: null });
  expect(await placesOf(database, run.id)).toEqual(["done"]);
  expect(await engine.cancel(run.id, { undo: true })).toEqual({ status: "done" });
});

test("a run whose poller dies before it was told is undone by the next", async () => {
  const { run } = await begun();
  await engine.cancel(run.id, { undo: true });
  await database.advance("31 seconds");
  await engine.tick();
  const { token, runs } = await engine.claim({ manifest, suspects: true });
  const all = runs.length > 0 ? { token, run: runs[0]! } : await claimed();
  expect(all.run.outputs!["~verdict"]).toEqual({ status: "cancelled", error: null });
  await finish(all, "cancelled");
});

test("a run that is undone is due at once after a repair, whatever it slept for, and waits only for its undo", async () => {
  const { token, run } = await begun();
  await engine.advance(token, 2, { sleeps: [sleep(run, { position: 1 })] });
  await engine.cancel(run.id, { undo: true });
  const times = "select array_length(baton.recompute_due(array[$1::uuid], baton.now(), baton.now(), baton.now()), 1) as n";
  expect(await database.query(times, [run.id])).toEqual([{ n: 1 }]);
  await database.query("delete from baton.ready");
  await database.query("select baton.repair()");
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
});
