import { beforeEach, expect, test } from "vitest";
import * as z from "zod";
import { DatabaseRefusedError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { hintText, readHint } from "../../shared/domain/wake-hint.ts";
import { type IdleGate, pollBehindGate } from "../../shared/engine/poll/idle-gate.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { checkAfterEach, engineOf } from "../support/engine-calls.ts";
import { createTestDatabase } from "../support/database.ts";
import { createPoller, enqueue } from "../support/poller.ts";

const database = await createTestDatabase();
checkAfterEach(database);
const workflow = defineWorkflow({ name: "gated", version: 1, input: z.object({}) }).step("a", () => 1);
const MINUTE = 60_000;

/** The board in memory; reading and writing can be made to fail, or to do something first. */
const board = {
  text: null as string | null,
  beforeRead: async () => {},
  beforeWrite: async () => {},
  read: async () => (await board.beforeRead(), board.text),
  afterWrite: async () => {},
  wakes: [] as number[],
  write: async (text: string) => {
    await board.beforeWrite();
    board.text = text;
    await board.afterWrite();
  },
  wakeAt: async (moment: number) => void board.wakes.push(moment),
};
let now: number;
let calls: string[];

beforeEach(() => {
  const nothing = async () => {};
  Object.assign(board, { text: null, beforeRead: nothing, beforeWrite: nothing, afterWrite: nothing, wakes: [] });
  now = 1_000 * MINUTE;
  calls = [];
});

/** A gate of a process of its own. */
const newGate = (knows = "code"): IdleGate => ({ board, now: () => now, knows });
const store = new Proxy(runRepository(database.database), {
  get: (target, name: keyof RunStore) => (calls.push(name), target[name]),
}) as RunStore;
const poller = (overrides: Parameters<typeof createPoller>[2] = {}) =>
  createPoller(database.database, [workflow], { store, random: () => 0, settings: { lingerMs: 15_000 }, ...overrides });
const tick = (gate = newGate()) => pollBehindGate(poller(), gate, false);
const nudge = (gate = newGate()) => pollBehindGate(poller(), gate, true);
const close = (wakeAt: number | null = null) => (board.text = hintText({ wakeAt, saidAt: now, knows: "code" }));
const statusOf = async (id: string) => (await engineOf(database).findRun(id))!.status;
const fails = async () => Promise.reject(new Error("SSM is away"));

test("the first tick looks, closes the gate and looks once more; the next ones leave the database alone for an hour", async () => {
  expect(await tick()).toMatchObject({ rested: false, idle: true });
  expect(calls).toEqual(["tick", "claim", "tick"]);
  for (now += MINUTE; now < 1_060 * MINUTE; now += MINUTE) expect(await tick()).toMatchObject({ rested: true });
  expect(calls).toHaveLength(3);
  expect(await tick()).toMatchObject({ rested: false });
});

test("the hint says since when there has been nothing to do, until a run is worked or somebody opens the gate", async () => {
  const idleSince = () => readHint(board.text!)?.idleSince;
  await tick();
  for (const hour of [1, 2]) {
    now += 60 * MINUTE;
    await tick();
    expect([hour, idleSince()]).toEqual([hour, 1_000 * MINUTE]);
  }
  await enqueue(database.database, workflow, [{}]);
  now += 60 * MINUTE;
  await tick();
  expect(idleSince()).toBe(now);
  now += MINUTE;
  await enqueue(database.database, workflow, [{}]);
  await nudge();
  expect(idleSince()).toBeUndefined();
  now += MINUTE;
  await tick();
  expect(idleSince()).toBe(now);
});

test.each([
  ["cannot be read", fails, null],
  ["holds something else", async () => {}, "on holiday"],
])("a board that %s means poll", async (_what, beforeRead, text) => {
  Object.assign(board, { beforeRead, text });
  const [id] = await enqueue(database.database, workflow, [{}]);
  expect(await tick()).toMatchObject({ rested: false });
  expect(await statusOf(id!)).toBe("done");
});

test("another deployment polls once, whatever the code before it said", async () => {
  close();
  expect(await tick(newGate("newer code"))).toMatchObject({ rested: false });
  expect(await tick(newGate("newer code"))).toMatchObject({ rested: true });
});

test("a nudge works although the gate is closed, and opens it before it ends", async () => {
  close();
  const [id] = await enqueue(database.database, workflow, [{}]);
  await nudge();
  expect(await statusOf(id!)).toBe("done");
  now += 1;
  expect(await tick()).toMatchObject({ rested: false });
});

test("a nudged poller that dies in its work is found by the next ticks, since the gate is open", async () => {
  close();
  const [id] = await enqueue(database.database, workflow, [{}]);
  const dying = poller({
    store: { ...store, claim: async (...call) => (await store.claim(...call), await new Promise<never>(() => {})) },
  });
  void pollBehindGate(dying, newGate(), true);
  await expect.poll(() => statusOf(id!)).toBe("running");
  await expect.poll(() => readHint(board.text!)!.wakeAt).toBe(now);
  // The lease still lasts: whoever ticks now leaves the gate open.
  await tick();
  await database.advance("31 seconds");
  expect(await tick()).toMatchObject({ rested: false, crashed: 1 });
  await tick();
  expect(await statusOf(id!)).toBe("done");
});

test("a run whose nudge came while the gate was just being closed opens it again", async () => {
  const late = { id: "" };
  board.beforeWrite = async () => {
    board.beforeWrite = async () => {};
    [late.id] = (await enqueue(database.database, workflow, [{}])) as [string];
  };
  await tick();
  expect(readHint(board.text!)!.wakeAt).toBe(now);
  await tick();
  expect(await statusOf(late.id)).toBe("done");
});

test("a gate that cannot be written stays as it was, and the tick succeeds", async () => {
  board.beforeWrite = fails;
  expect(await tick()).toMatchObject({ idle: true });
  expect(board.text).toBeNull();
});

test("a closing whose answer was lost counts: whoever closed looks again, and opens", async () => {
  let writes = 0;
  board.afterWrite = async () => (++writes === 1 ? fails() : undefined);
  await tick();
  expect(readHint(board.text!)!.wakeAt).toBe(now);
});

test("an opening that fails is tried again until the board has heard it", async () => {
  let writes = 0;
  close();
  board.beforeWrite = async () => (++writes < 4 ? fails() : undefined);
  await nudge();
  expect([writes, readHint(board.text!)!.wakeAt]).toEqual([4, now]);
});

test("a nudged invocation that throws has opened the gate before it ends", async () => {
  close();
  // no guess: one that did not wait for the board would end before it; the right one waits anyway
  board.beforeRead = () => new Promise((resolve) => setTimeout(resolve, 50));
  const refused = poller({ store: { ...store, tick: async () => Promise.reject(new DatabaseRefusedError("no", { sqlstate: "42501" })) } });
  await expect(pollBehindGate(refused, newGate(), true)).rejects.toThrow("no");
  expect(readHint(board.text!)!.wakeAt).toBe(now);
});

test("a nudge for a later run looks at the board, however short ago its process saw the gate open", async () => {
  const gate = newGate();
  await nudge(gate);
  close();
  now += 200;
  await enqueue(database.database, workflow, [{}], { delay_ms: 10 * MINUTE });
  await nudge(gate);
  expect(readHint(board.text!)!.wakeAt).toBe(now);
});

test.each([
  ["another code closed it", { knows: "newer code" }],
  ["a process closed it whose clock is ahead", { saidAt: 1_001 * MINUTE }],
])("a nudge opens the gate although %s", async (_what, facts) => {
  board.text = hintText({ wakeAt: null, saidAt: now, knows: "code", ...facts });
  await nudge();
  expect(readHint(board.text)!.wakeAt).toBe(now);
});

test("whoever leaves something for later has the poller woken then, whether the schedule or a nudge called it", async () => {
  await enqueue(database.database, workflow, [{}], { delay_ms: 60_000 });
  const gates = [newGate(), newGate()];
  await nudge(gates[0]);
  await tick(gates[1]);
  await nudge(gates[0]);
  // One that began before the time would fire too early; a minute that was asked for is not asked
  // for again.
  expect(board.wakes).toEqual([1_001 * MINUTE, 1_001 * MINUTE]);
});

test("a database that is lost just after the closing opens the gate again", async () => {
  let ticks = 0;
  const gone = poller({
    store: { ...store, tick: () => (++ticks > 1 ? Promise.reject(new Error("gone")) : store.tick()) },
  });
  await pollBehindGate(gone, newGate(), false);
  expect(readHint(board.text!)!.wakeAt).toBe(now);
});

test("what is due before the next tick but one keeps the gate open: no hint is worth writing", async () => {
  await enqueue(database.database, workflow, [{}], { delay_ms: 70_000 });
  await tick();
  expect(board.text).toBeNull();
});

test("the hint is the time of the next run", async () => {
  await database.setNow(new Date());
  await enqueue(database.database, workflow, [{}], { delay_ms: 10 * MINUTE });
  await tick();
  // A run is due some microseconds after the moment it was asked for, and what is left is rounded
  // up.
  expect(readHint(board.text!)!.wakeAt! - now).toBe(10 * MINUTE + 1);
  await database.setNow(null);
});

test("of nudges within a second one process reads the board once", async () => {
  let reads = 0;
  board.beforeRead = async () => void reads++;
  const gate = newGate();
  await nudge(gate);
  now += 999;
  await nudge(gate);
  expect(reads).toBe(1);
  now += 1;
  await nudge(gate);
  expect(reads).toBe(2);
});

test("a nudged poller that cannot read the board says that something is due", async () => {
  close();
  board.beforeRead = fails;
  await nudge();
  expect(readHint(board.text!)!.wakeAt).toBe(now);
});

test("nudges and ticks at the same moment do every run once", async () => {
  close();
  const ids = await enqueue(
    database.database,
    workflow,
    Array.from({ length: 300 }, () => ({})),
  );
  await Promise.all([nudge(), tick(), nudge(), nudge(), tick()]);
  const rows = await database.query<{ n: number }>("select count(*)::int as n from baton.checkpoint where attempt = 1");
  expect(rows[0]!.n).toBe(ids.length);
});
