import { beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type Driver } from "../support/database.ts";
import { checkAfterEach, engineOf, leaseOf, member, type Member, step } from "../support/engine-calls.ts";

const database = await createTestDatabase();
checkAfterEach(database);

// Double entry: every posting moves the same amount between two accounts, so the sum is always 0.
beforeAll(() =>
  database.query(`create table service.account (name text primary key, balance integer not null, check (name <> 'capped' or balance <= 100));
    grant select, update on service.account to baton_poller`),
);
beforeEach(() =>
  database.query("delete from service.account; insert into service.account values ('payer', 0), ('payee', 0), ('capped', 0)"),
);

const add = (name: string, amount: number) => ({
  text: "update service.account set balance = balance + $2::integer where name = $1",
  values: [name, amount],
});
const post = (amount: number) => [add("payer", -amount), add("payee", amount)];
const paid = async () => {
  const rows = await database.query("select balance from service.account where name in ('payer', 'payee') order by name desc");
  expect(rows.reduce((sum, { balance }) => sum + Number(balance), 0)).toBe(0);
  return Number(rows[1]!["balance"]);
};
const stepsOf = (...runs: Member[]) => ({ steps: runs.map((run) => step(run, { node: "pay" })) });

for (const driver of ["neon", "pg"] as Driver[]) {
  const engine = engineOf(database, driver);

  test(`through ${driver}, a round and its statements are applied together`, async () => {
    const { token, runs } = await leaseOf(engine, 2);
    const answer = await engine.advanceWith(token, 1, { ...stepsOf(...runs), done: runs.map(member) }, [...post(10), ...post(10)]);
    expect(answer).toMatchObject({ round: 1, lost: [] });
    expect(await paid()).toBe(20);
  });

  test(`through ${driver}, a repeated round is BT002 and its statements do nothing`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    const call = () => engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10));
    await call();
    for (const _ of [1, 2]) await expect(call()).rejects.toMatchObject({ name: "DatabaseRefusedError", sqlstate: "BT002" });
    expect(await paid()).toBe(10);
  });

  test(`through ${driver}, a fenced round is BT001 and its statements do nothing`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    await database.advance("31 seconds");
    await engine.tick();
    await expect(engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10))).rejects.toMatchObject({ sqlstate: "BT001" });
    await expect(engine.advanceWith(crypto.randomUUID(), 1, stepsOf(runs[0]!), post(10))).rejects.toMatchObject({ sqlstate: "BT001" });
    expect(await paid()).toBe(0);
  });

  test(`through ${driver}, an output that is there already is BT003 and the statements do nothing`, async () => {
    const { token, runs } = await leaseOf(engine, 2);
    await engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10));
    await expect(engine.advanceWith(token, 2, stepsOf(...runs), post(10))).rejects.toMatchObject({ sqlstate: "BT003" });
    expect(await paid()).toBe(10);
    expect((await engine.findRun(runs[1]!.id))!.checkpoints).toEqual([]);
    await engine.advanceWith(token, 3, stepsOf(runs[1]!), post(10));
    expect(await paid()).toBe(20);
  });

  test(`through ${driver}, a refused statement takes the round back, and the runs can be tried apart`, async () => {
    const { token, runs } = await leaseOf(engine, 2);
    const bad = add("capped", 101);
    await expect(engine.advanceWith(token, 1, stepsOf(...runs), [...post(10), bad])).rejects.toMatchObject({ sqlstate: "23514" });
    expect((await engine.findRun(runs[0]!.id))!.checkpoints).toEqual([]);
    await engine.advanceWith(token, 2, stepsOf(runs[0]!), post(10));
    await expect(engine.advanceWith(token, 3, stepsOf(runs[1]!), [bad])).rejects.toMatchObject({ sqlstate: "23514" });
    expect(await paid()).toBe(10);
    expect(await engine.advance(token, 4, {})).toMatchObject({ round: 4 });
  });
}

// The endpoint plays the faults.
const engine = engineOf(database, "neon");

for (const kind of ["drop-after", "garble", "repeat-concurrently", "truncate"] as const) {
  test(`statements whose answer meets ${kind} are applied once`, async () => {
    const { token, runs } = await leaseOf(engine, 1);
    const call = () => engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10));
    database.neon.inject(() => ({ kind }));
    // Of two copies either may be the one that is answered.
    await Promise.allSettled([call()]);
    await database.neon.idle();
    database.neon.inject(undefined);
    await expect(call()).rejects.toMatchObject({ sqlstate: "BT002" });
    expect(await paid()).toBe(10);
  });
}

test("a copy that arrives late finds its round applied", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  database.neon.inject(() => ({ kind: "late-copy", ms: 5 }));
  await engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10));
  await database.neon.idle();
  expect(await paid()).toBe(10);
});

test("a request that never arrived was not applied", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const call = () => engine.advanceWith(token, 1, stepsOf(runs[0]!), post(10));
  database.neon.inject(() => ({ kind: "drop-before" }));
  await expect(call()).rejects.toMatchObject({ name: "DatabaseUnknownOutcomeError" });
  expect(await paid()).toBe(0);
  database.neon.inject(undefined);
  expect(await call()).toMatchObject({ round: 1 });
  expect(await paid()).toBe(10);
});
