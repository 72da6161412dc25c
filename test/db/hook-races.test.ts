import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { AdvanceRequest } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  checkAfterEach,
  claimRequest,
  engineOf,
  leaseOf,
  member,
  newRun,
  placesOf,
  sleep,
} from "../support/engine-calls.ts";
import { both, hooked, hooksOf } from "../support/hooked-runs.ts";
import { type Call, interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const { deploy, started, registered } = hooksOf(database);
checkAfterEach(database);

const operate = (name: "cancel" | "delete_run", id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });
const tick: Call = { role: "poller", text: "baton.tick()", values: [] };
const claim = (manifest = hooked(both)): Call => ({
  role: "poller",
  text: "baton.claim($1, $2)",
  values: [randomUUID(), JSON.stringify(claimRequest({ manifest }))],
});
const advance = (token: string, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, 1, $2)",
  values: [token, advanceRequest(facts)],
});

async function leasedRun() {
  const { token, runs } = await leaseOf(engine, 1);
  return { token, run: runs[0]!, id: runs[0]!.id };
}

/** A run that was asked to stop in its lease, and parked before the lease saw it. */
async function parkedRun(asked: boolean) {
  const { token, run, id } = await leasedRun();
  await engine.advance(token, 1, { sleeps: [sleep(run)] });
  if (asked) await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', baton.now())", [id]);
  return id;
}

const hooksOfRun = async (id: string) => (await started(id)).map(({ hook }) => hook);

for (const end of ["commit", "rollback"] as const)
  test(`cancel, then claim of a run that is due (${end}): an ending has one hook's run`, async () => {
    await deploy(hooked(both));
    const { id, ...facts } = newRun();
    await engine.enqueue([{ id, ...facts }]);
    const { second } = await interleave(database, operate("cancel", id), claim(), end);
    expect(second).toMatchObject({ waited: false, sqlstate: undefined });
    expect(await hooksOfRun(id)).toEqual(end === "commit" ? ["ended"] : []);
  });

test("claim, then cancel of the run: the round that stops it starts the hook's run", async () => {
  await deploy(hooked(both));
  const { id, ...facts } = newRun();
  await engine.enqueue([{ id, ...facts }]);
  const call = claim();
  await interleave(database, call, operate("cancel", id));
  expect(await started()).toEqual([]);
  await engine.advance(call.values[0] as string, 1);
  expect(await hooksOfRun(id)).toEqual(["ended"]);
});

for (const [what, calls] of [
  ["cancel, then tick", (id: string) => [operate("cancel", id), tick]],
  ["tick, then cancel", (id: string) => [tick, operate("cancel", id)]],
  ["tick, then tick", () => [tick, tick]],
] as const)
  test(`${what} of a parked run that was asked to stop: one hook's run`, async () => {
    await deploy(hooked(both));
    const id = await parkedRun(true);
    const [first, second] = calls(id) as [Call, Call];
    expect((await interleave(database, first, second)).second.sqlstate).toBeUndefined();
    await engine.tick();
    expect(await placesOf(database, id)).toEqual(["cancelled"]);
    expect(await hooksOfRun(id)).toEqual(["ended"]);
  });

const replace: Call = { role: "producer", text: "baton.replace_hooks($1)", values: [] };

test("hooks that are said while an ending is stored wait for nobody, and hold for the endings after it", async () => {
  const { token, run, id } = await leasedRun();
  const { second } = await interleave(database, advance(token, { done: [member(run)] }), claim());
  expect(second).toMatchObject({ waited: false, sqlstate: undefined });
  expect(await hooksOfRun(id)).toEqual([]);
  const next = await leasedRun();
  await engine.advance(next.token, 1, { done: [member(next.run)] });
  expect(await hooksOfRun(next.id)).toEqual(["ended"]);
});

test("an ending that is stored while hooks are said waits for nobody, and is followed by nothing", async () => {
  const { token, run, id } = await leasedRun();
  const { second } = await interleave(database, claim(), advance(token, { done: [member(run)] }));
  expect(second).toMatchObject({ waited: false, sqlstate: undefined });
  expect(await hooksOfRun(id)).toEqual([]);
  // It was stored while nobody had said anything, which is what a time alone cannot tell.
  await database.query("update baton.workflow set since = baton.now()");
});

test("two claims that say the same hooks for the first time: the second waits for the first, and one row is there", async () => {
  const { second } = await interleave(database, claim(), claim());
  expect(second).toMatchObject({ waited: true, sqlstate: undefined });
  expect(await registered()).toEqual([{ name: "fulfil-order", version: 1, ...both }]);
});

test("only a deployment may replace hooks: a producer is refused, as every role of a login is", async () => {
  const session = interleave(database, { ...replace, values: ["{}"] }, tick);
  await expect(session).rejects.toMatchObject({ code: "42501" });
});

for (const order of ["the first run, then its hook's run", "the hook's run, then the first run"])
  test(`two that are deleted at the same time, ${order}: nothing is left of them`, async () => {
    await deploy(hooked({ ended: both.ended! }));
    const { token, run, id } = await leasedRun();
    await engine.advance(token, 1, { done: [member(run)] });
    const [{ id: hookRun } = { id: "" }] = await started(id);
    const held = await engine.claim();
    await engine.advance(held.token, 1, { done: held.runs.map(member) });
    const ids = order.startsWith("the first") ? [id, hookRun] : [hookRun, id];
    await interleave(database, operate("delete_run", ids[0]!), operate("delete_run", ids[1]!));
    expect(await database.query("select from baton.run")).toEqual([]);
    expect(await database.query("select from baton.hook_run")).toEqual([]);
  });

test("of a run that is deleted and stored anew under its id, each life has its own hook's run, which still fires none", async () => {
  await deploy(hooked({ ended: both.ended! }));
  const run = newRun();
  for (const _ of [1, 2]) {
    const { token, runs } = await leaseOf(engine, [run], { max: 100 });
    await engine.advance(token, 1, { done: runs.filter(({ id }) => id === run.id).map(member) });
    await engine.release(token);
    expect(await hooksOfRun(run.id)).toEqual(["ended"]);
    if (_ === 1) await interleave(database, operate("delete_run", run.id), tick);
  }
  await deploy([{ name: "audit", version: 1, shape: "x", hooks: both }]);
  const { token, runs } = await engine.claim();
  expect(runs).toHaveLength(2);
  await engine.advance(token, 1, { done: runs.map(member) });
  expect(await started()).toHaveLength(2);
});
