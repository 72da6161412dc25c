import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { block, checkAfterEach, engineOf, leaseOf, newRun, newRuns, placesOf, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const manifest = (shape: string, version = 1) => [{ name: "fulfil-order", version, shape }];

/** Runs that were claimed by a code of this shape and set aside. */
async function blockedRuns(count: number, shape: string, input = {}): Promise<string[]> {
  const { token, runs } = await leaseOf(engine, newRuns(count, { input }));
  await engine.advance(token, 1, { blocked: runs.map((run) => block(run, { shape })) });
  return runs.map(({ id }) => id);
}

test("a blocked run waits with its reason and nobody claims it who knows no better", async () => {
  const [id] = await blockedRuns(1, "old");
  expect(await placesOf(database, id!)).toEqual(["blocked"]);
  expect(await engine.findRun(id!)).toMatchObject({ status: "blocked", blocked: "no such workflow" });
  for (const known of [[], manifest("old"), manifest("new", 2), [{ name: "other", version: 1, shape: "new" }]]) {
    expect((await engine.claim({ manifest: known })).runs).toEqual([]);
  }
});

test("a claim whose code knows a blocked run takes it straight into its lease, with what it had stored", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  await engine.advance(token, 1, { steps: runs.map((run) => step(run)) });
  await engine.advance(token, 2, { blocked: runs.map((run) => block(run)) });
  const claimed = await engine.claim({ manifest: manifest("new") });
  expect(claimed.runs.map(({ id }) => id).toSorted()).toEqual(runs.map(({ id }) => id));
  expect(claimed.runs[0]!.outputs).toEqual({ reserve: { reserved: true } });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["lease"]);
});

test("what was blocked is claimed within the limits of rows and bytes", async () => {
  await blockedRuns(10, "old", { text: "x".repeat(1_000) });
  const sizes = [];
  sizes.push((await engine.claim({ manifest: manifest("new"), max: 4 })).runs.length);
  sizes.push((await engine.claim({ manifest: manifest("new"), max_bytes: 2_500 })).runs.length);
  sizes.push((await engine.claim({ manifest: manifest("new"), max_bytes: 10 })).runs.length);
  sizes.push((await engine.claim({ manifest: manifest("new") })).runs.length);
  expect(sizes).toEqual([4, 2, 1, 3]);
});

test("after those that were blocked the same poller claims the others", async () => {
  const [blocked] = await blockedRuns(1, "old");
  const run = newRun();
  await engine.enqueue([run]);
  const first = await engine.claim({ manifest: manifest("new") });
  const second = await engine.claim({ manifest: manifest("new") });
  expect([first.runs, second.runs]).toMatchObject([[{ id: blocked }], [{ id: run.id }]]);
});

test("two pollers that both know blocked runs share them", async () => {
  const ids = await blockedRuns(40, "old");
  const claims = await Promise.all([1, 2, 3, 4].map(() => engine.claim({ manifest: manifest("new"), max: 10 })));
  const rest = await engine.claim({ manifest: manifest("new") });
  const got = [...claims, rest].flatMap(({ runs }) => runs.map(({ id }) => id));
  expect(got.toSorted()).toEqual(ids);
});

test("a blocked run can be cancelled at once", async () => {
  const [id] = await blockedRuns(1, "old");
  expect(await engine.cancel(id!)).toEqual({ status: "cancelled" });
  expect(await placesOf(database, id!)).toEqual(["cancelled"]);
});
