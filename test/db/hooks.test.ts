import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import {
  block,
  checkAfterEach,
  engineOf,
  error,
  failure,
  leaseOf,
  member,
  newRun,
  placesOf,
  sleep,
  step,
} from "../support/engine-calls.ts";
import { both, hooked, hooksOf } from "../support/hooked-runs.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const { deploy, started } = hooksOf(database);
checkAfterEach(database);

const names = async (id: string) => (await started(id)).map(({ hook, workflow }) => `${hook} ${workflow}`);
const failedAndEnded = ["failed notify-ops", "ended audit"];

/** Hooks' runs of before may be in its lease too. */
async function leasedRun() {
  const { id, ...facts } = newRun();
  const { token, runs } = await leaseOf(engine, [{ id, ...facts }]);
  return { token, run: runs.find((run) => run.id === id)!, id };
}

/** A run that failed at its first attempt. */
async function failedRun() {
  const { token, run, id } = await leasedRun();
  await engine.advance(token, 1, { failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] });
  return id;
}

async function parkedRun() {
  const { token, run, id } = await leasedRun();
  await engine.advance(token, 1, { sleeps: [sleep(run)] });
  return id;
}

/** Its poller dies until it is poison. */
async function poisonedRun() {
  const { id } = await leasedRun();
  for (let times = 0; times < 4; times++) {
    await database.advance("31 seconds");
    await engine.tick();
    const { token, runs } = await engine.claim({ suspects: true });
    if (runs.length > 0) await engine.advance(token, 1);
  }
  return id;
}

const ways: readonly [string, () => Promise<string>, readonly string[]][] = [
  [
    "done, by a round",
    async () => {
      const { token, run, id } = await leasedRun();
      await engine.advance(token, 1, { steps: [step(run)], done: [member(run)] });
      return id;
    },
    ["ended audit"],
  ],
  ["failed, by a round", failedRun, failedAndEnded],
  [
    "failed, by a checked round",
    async () => {
      const { token, run, id } = await leasedRun();
      await engine.advance(token, 1, { checked: true, failed: [{ ...member(run), error }] });
      return id;
    },
    failedAndEnded,
  ],
  [
    "cancelled in its lease, by a round",
    async () => {
      const { token, id } = await leasedRun();
      await engine.cancel(id);
      expect(await engine.advance(token, 1)).toMatchObject({ stopped: [id] });
      return id;
    },
    ["ended audit"],
  ],
  [
    "cancelled while it is parked",
    async () => {
      const id = await parkedRun();
      expect(await engine.cancel(id)).toEqual({ status: "cancelled", nudge: true });
      return id;
    },
    ["ended audit"],
  ],
  [
    "cancelled while it is blocked",
    async () => {
      const { token, run, id } = await leasedRun();
      await engine.advance(token, 1, { blocked: [block(run)] });
      await engine.cancel(id);
      return id;
    },
    ["ended audit"],
  ],
  [
    "cancelled by a tick",
    async () => {
      const id = await parkedRun();
      await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', baton.now())", [id]);
      expect(await engine.tick()).toMatchObject({ stopped: 1 });
      return id;
    },
    ["ended audit"],
  ],
  [
    "cancelled by a claim",
    async () => {
      const run = newRun();
      await engine.enqueue([run]);
      await database.query("insert into baton.control (run_id, kind, at) values ($1, 'cancel', baton.now())", [run.id]);
      expect(await engine.claim()).toMatchObject({ stopped: [run.id], runs: [], due_in_ms: 0 });
      return run.id;
    },
    ["ended audit"],
  ],
  ["failed as poison", poisonedRun, failedAndEnded],
  [
    "failed since its time cannot be meant",
    async () => {
      const id = await parkedRun();
      await database.query("update baton.ready set run_at = 'infinity' where run_id = $1", [id]);
      await engine.tick();
      return id;
    },
    failedAndEnded,
  ],
  [
    "failed since it is too large for an answer",
    async () => {
      const run = newRun();
      await engine.enqueue([run]);
      await database.query("update baton.ready set bytes = 10000000");
      await engine.claim();
      return run.id;
    },
    failedAndEnded,
  ],
];

for (const [how, end, expected] of ways) {
  test(`a run that ends ${how}, is followed by the run of each of its hooks, which is due at once`, async () => {
    await deploy(hooked(both));
    const id = await end();
    expect(await names(id)).toEqual(expected);
    for (const { id: hookRun, input } of await started(id)) {
      expect(await placesOf(database, hookRun)).toEqual(["ready"]);
      expect(input).toMatchObject({ run: id, workflow: "fulfil-order", status: (await engine.findRun(id))!.status });
    }
  });
}

test("a hook's run is told of the ending, and has the priority of the run", async () => {
  await deploy(hooked(both));
  const { token, runs } = await leaseOf(engine, [newRun({ priority: 0 })]);
  const [run] = runs;
  await engine.advance(token, 1, {
    failures: [failure(run!), failure(run!, { attempt: 2, delay_ms: 0, error: { name: "Error", message: "b" } })],
  });
  const last = { name: "TimeoutError", message: "no answer", code: "ETIMEDOUT" };
  await engine.advance(token, 2, {
    failures: [failure(run!, { attempt: 3, delay_ms: null, error: last })],
    failed: [{ ...member(run!), error: last }],
  });
  const input = { run: run!.id, workflow: "fulfil-order", status: "failed", error: last, node: "reserve", attempts: 3 };
  expect(await started()).toMatchObject([
    { hook: "failed", workflow: "notify-ops", version: 3, priority: 0, ending: 0 },
    { hook: "ended", workflow: "audit", version: 1, priority: 0, ending: 0 },
  ]);
  for (const one of await started()) expect(one.input).toEqual(input);
});

test("an ending that is no failure of a node has no node and no attempts", async () => {
  await deploy(hooked(both));
  const poisoned = await poisonedRun();
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, { steps: [step(run)], done: [member(run)] });
  const [, ofPoison] = await started(poisoned);
  expect(ofPoison!.input).toMatchObject({ status: "failed", error: { name: "PoisonError" }, node: null, attempts: 0 });
  expect((await started(run.id))[0]!.input).toEqual({
    run: run.id,
    workflow: "fulfil-order",
    status: "done",
    error: null,
    node: null,
    attempts: 0,
  });
});

test("a run that is redriven and fails again is followed again, and the attempts are those since then", async () => {
  await deploy(hooked(both));
  const id = await failedRun();
  await engine.redrive(id);
  const { token, runs } = await engine.claim();
  const run = runs.find((one) => one.id === id)!;
  await engine.advance(token, 1, {
    failures: [failure(run, { attempt: 2 }), failure(run, { attempt: 3, delay_ms: null })],
    failed: [{ ...member(run), error }],
  });
  const all = await started(id);
  expect(all.map(({ ending, hook, input }) => [ending, hook, input["attempts"]])).toEqual([
    [0, "failed", 1],
    [0, "ended", 1],
    [1, "failed", 2],
    [1, "ended", 2],
  ]);
  expect(new Set(all.map((one) => one.id)).size).toBe(4);
});

test("a round that is sent again, and a cancel, a tick and a redrive that are, start nothing more", async () => {
  await deploy(hooked(both));
  const { token, run, id } = await leasedRun();
  const round = { failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] };
  await engine.advance(token, 1, round);
  await engine.advance(token, 1, round);
  await engine.tick();
  const parked = await parkedRun();
  for (let times = 0; times < 2; times++) await engine.cancel(parked);
  await engine.redrive(id, { redrives: 0 });
  await engine.redrive(id, { redrives: 0 });
  expect(await names(id)).toEqual(failedAndEnded);
  expect(await names(parked)).toEqual(["ended audit"]);
});

test("an ending that is there already is kept, and starts nothing", async () => {
  await deploy(hooked(both));
  const { token, run, id } = await leasedRun();
  await database.query("select baton.end_runs(array[$1::uuid], 'cancelled', null, true, baton.now())", [id]);
  await engine.advance(token, 1, { checked: true, failed: [{ ...member(run), error }] });
  expect(await names(id)).toEqual(["ended audit"]);
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("a hook's run fires no hook, even if its workflow has some, and its failure changes the first run in nothing", async () => {
  await deploy([
    ...hooked(both),
    { name: "notify-ops", version: 3, shape: "x", hooks: both },
    { name: "audit", version: 1, shape: "x", hooks: both },
  ]);
  const id = await failedRun();
  const before = await engine.findRun(id);
  const { token, runs } = await engine.claim();
  expect(runs.map(({ workflow }) => workflow).toSorted()).toEqual(["audit", "notify-ops"]);
  await engine.advance(token, 1, {
    failures: runs.map((run) => failure(run, { delay_ms: null })),
    failed: runs.map((run) => ({ ...member(run), error })),
  });
  for (const run of runs) await engine.redrive(run.id);
  const again = await engine.claim();
  await engine.advance(again.token, 1, { done: again.runs.map(member) });
  expect(await started()).toHaveLength(2);
  expect({ ...(await engine.findRun(id)), moment: null }).toEqual({ ...before, moment: null });
});

test("the round that stores an ending may claim the runs that follow it", async () => {
  await deploy(hooked(both));
  const { token, run } = await leasedRun();
  const answer = await engine.advance(token, 1, {
    steps: [step(run)],
    done: [member(run)],
    claim: { max: 5, max_bytes: 1_000_000, low: {}, manifest: [] },
  });
  expect(answer.runs).toMatchObject([{ workflow: "audit", input: { run: run.id } }]);
});

test("an ending that is rolled back starts nothing", async () => {
  await deploy(hooked(both));
  const { token, run, id } = await leasedRun();
  const round = { steps: [step(run)], done: [member(run)] };
  await expect(engine.advanceWith(token, 1, round, [{ text: "select 1 / 0" }])).rejects.toMatchObject({ sqlstate: "22012" });
  expect(await started()).toEqual([]);
  await engine.advance(token, 2, { done: [member(run)] });
  expect(await names(id)).toEqual(["ended audit"]);
});

test("only the version that has hooks is followed, and a hook of which nobody knows the code waits for a poller that does", async () => {
  await deploy(hooked(both));
  const { token, runs } = await leaseOf(engine, [newRun({ version: 2 }), newRun({ workflow: "other" })]);
  await engine.advance(token, 1, { done: runs.map(member) });
  expect(await started()).toEqual([]);
  const id = await failedRun();
  const held = await engine.claim();
  await engine.advance(held.token, 1, { blocked: held.runs.map((run) => block(run, { workflow: run.workflow, version: run.version })) });
  for (const { id: hookRun } of await started(id)) expect(await placesOf(database, hookRun)).toEqual(["blocked"]);
});

test("an error that is too large for an input keeps its name and the beginning of its message", async () => {
  await deploy(hooked(both));
  const { token, run, id } = await leasedRun();
  const large = { name: "Error", message: "€".repeat(200_000) };
  await engine.advance(token, 1, { failed: [{ ...member(run), error: large }] });
  expect((await started(id))[0]!.input).toMatchObject({ error: { name: "Error", message: "€".repeat(8192) } });
});

test("500 runs that end in one round are followed by as many", async () => {
  await deploy(hooked({ ended: both.ended! }));
  const { token, runs } = await leaseOf(engine, 500, { max: 500 });
  await engine.advance(token, 1, { done: runs.map(member) });
  expect((await started()).map(({ run }) => run).toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
});
