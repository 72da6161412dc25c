import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, error, failure, leaseOf, member, newRun } from "../support/engine-calls.ts";
import { both, hooked, hooksOf } from "../support/hooked-runs.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
const { deploy, started, registered } = hooksOf(database);
checkAfterEach(database);

const names = async (id: string) => (await started(id)).map(({ hook, workflow }) => `${hook} ${workflow}`);

/** A run that failed at its first attempt. */
async function failedRun() {
  const { token, runs } = await leaseOf(engine, [newRun()]);
  const run = runs[0]!;
  await engine.advance(token, 1, { failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] });
  return run.id;
}

test("a claim stores hooks of which nobody has said anything, and changes none", async () => {
  await engine.claim({ manifest: hooked() });
  expect(await registered()).toEqual([]);
  await engine.claim({ manifest: hooked(both) });
  const changed = hooked({ failed: { name: "other", version: 1 } });
  await engine.claim({ manifest: changed });
  expect(await registered()).toHaveLength(1);
  await engine.claim({ manifest: [...changed, ...hooked(both, "second")] });
  expect(await registered()).toEqual([
    { name: "fulfil-order", version: 1, ...both },
    { name: "second", version: 1, ...both },
  ]);
});

test("a deployment changes hooks and takes them away, and a claim of before does not bring them back", async () => {
  expect(await deploy(hooked())).toEqual({ changed: 0 });
  expect(await registered()).toEqual([]);
  expect(await deploy(hooked(both))).toEqual({ changed: 1 });
  expect(await deploy(hooked(both))).toEqual({ changed: 0 });
  expect(await deploy([{ name: "other", version: 1, shape: "x", hooks: both }])).toEqual({ changed: 1 });
  expect(await deploy(hooked({ ended: both.ended! }))).toEqual({ changed: 1 });
  expect(await registered()).toMatchObject([{ name: "fulfil-order", failed: null, ended: both.ended }, { name: "other" }]);
  expect(await deploy(hooked())).toEqual({ changed: 1 });
  await engine.claim({ manifest: hooked(both) });
  expect(await registered()).toMatchObject([{ name: "fulfil-order", failed: null, ended: null }, { name: "other" }]);
  expect(await names(await failedRun())).toEqual([]);
});

test("a manifest whose hooks are none is refused, and stores nothing", async () => {
  for (const hooks of [
    { begun: { name: "a", version: 1 } },
    { failed: { name: "a" } },
    { failed: { name: 5, version: 1 } },
    { failed: "a" },
    5,
  ]) {
    await expect(engine.claim({ manifest: hooked(hooks as never) })).rejects.toMatchObject({ sqlstate: "BT040" });
    await expect(deploy(hooked(hooks as never))).rejects.toMatchObject({ code: "BT040" });
  }
  expect(await registered()).toEqual([]);
});
