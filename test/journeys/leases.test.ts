import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { type RunStore, systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createPoller, enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const Input = z.object({ n: z.int() });
const base = (name: string) => defineWorkflow({ name, version: 1, input: Input });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

/** The store of a database that sees the leases that are held and the rounds that are sent. */
function watching(database: TestDatabase) {
  const repository = runRepository(database.connect("poller"));
  const held = new Set<string>();
  const seen = { mostHeld: 0, leases: 0, claims: 0, rounds: [] as { claim?: { max: number; max_bytes: number } }[] };
  const store: RunStore = {
    ...repository,
    async claim(token, request) {
      seen.claims++;
      const answer = await repository.claim(token, request);
      if (answer.runs.length > 0) seen.leases += held.has(token) ? 0 : 1;
      if (answer.runs.length > 0) held.add(token);
      seen.mostHeld = Math.max(seen.mostHeld, held.size);
      return answer;
    },
    advance(token, round, request) {
      seen.rounds.push(JSON.parse(request));
      return repository.advance(token, round, request);
    },
    release(token) {
      held.delete(token);
      return repository.release(token);
    },
  };
  return { store, seen };
}

/** A workflow whose handlers come back when the test says so. */
function heldBack(name: string) {
  const comeBack: (() => void)[] = [];
  const workflow = base(name).step("a", () => new Promise<null>((resolve) => comeBack.push(() => resolve(null))));
  return { workflow, comeBack };
}

const doneRuns = async (database: TestDatabase) =>
  (await database.query<{ n: number }>("select count(*)::int as n from baton.ending where status = 'done'"))[0]!.n;

test("behind a full claim a second lease is opened, and no third", async () => {
  await using database = await createTestDatabase();
  const workflow = base("backlog")
    .step("a", () => 1)
    .step("b", () => 2);
  await enqueue(database.database, workflow, numbers(200));
  const { store, seen } = watching(database);
  await poll(database.database, [workflow], { store, settings: { batch: 10, concurrency: 50 } });
  expect(seen.mostHeld).toBe(2);
  expect(await doneRuns(database)).toBe(200);
  await database.assertInvariants();
});

test("what fits into one lease costs one, and one look for more", async () => {
  await using database = await createTestDatabase();
  const workflow = base("small").step("a", () => 1);
  await enqueue(database.database, workflow, numbers(9));
  const { store, seen } = watching(database);
  await poll(database.database, [workflow], { store, settings: { batch: 10 } });
  expect(seen).toMatchObject({ mostHeld: 1, leases: 1, claims: 2 });
});

test("a backlog of exactly one lease is looked behind once, not with every round", async () => {
  await using database = await createTestDatabase();
  const links = Array.from({ length: 20 }, (_, n) => n);
  const workflow = links.reduce((chain, n) => chain.step(`s${n}` as "s", () => n) as unknown as typeof chain, base("exact"));
  await enqueue(database.database, workflow, numbers(10));
  const { store, seen } = watching(database);
  await poll(database.database, [workflow], { store, settings: { batch: 10 } });
  expect(seen.leases).toBe(1);
  // The full one, the one behind it, and the last, which finds nothing more.
  expect(seen.claims).toBe(3);
});

test("two leases share the slots: never more handlers run than the setting allows, and all runs end", async () => {
  await using database = await createTestDatabase();
  let running = 0;
  let most = 0;
  const slow = async () => {
    most = Math.max(most, ++running);
    // no guess: whatever the order in which they come back, there is a limit
    await wait(1 + Math.random() * 4);
    running--;
  };
  const workflow = base("shared").step("a", slow).step("b", slow);
  await enqueue(database.database, workflow, numbers(80));
  const { store } = watching(database);
  await poll(database.database, [workflow], { store, settings: { batch: 8, concurrency: 11 } });
  expect(most).toBeLessThanOrEqual(11);
  expect(await doneRuns(database)).toBe(80);
});

test("a lease that loses its database takes the other down in order: nothing is lost, and the poll rejects once", async () => {
  await using database = await createTestDatabase();
  const workflow = base("broken").step("a", () => 1);
  await enqueue(database.database, workflow, numbers(60));
  const { store } = watching(database);
  let rounds = 0;
  const broken: RunStore = {
    ...store,
    advance(token, round, request) {
      if (++rounds === 5) return runRepository(database.connect("reader")).advance(token, round, request);
      return store.advance(token, round, request);
    },
  };
  await expect(poll(database.database, [workflow], { store: broken, settings: { batch: 5 } })).rejects.toMatchObject({ sqlstate: "42501" });
  await database.assertInvariants();
  await poll(database.database, [workflow]);
  expect(await doneRuns(database)).toBe(60);
});

test("while many handlers are out, results wait for an eighth of them, and then go out together", async () => {
  await using database = await createTestDatabase();
  const { workflow, comeBack } = heldBack("gathered");
  await enqueue(database.database, workflow, numbers(32));
  const { store, seen } = watching(database);
  const polling = poll(database.database, [workflow], { store, settings: { gatherMs: 60_000 } });
  await until("all handlers run", () => comeBack.length === 32);
  for (const back of comeBack.splice(0, 3)) back();
  // no guess: a round that went out too early shows here as a rule; a right poller waits a minute
  await wait(100);
  expect(seen.rounds).toEqual([]);
  comeBack.pop()!();
  await until("four results were stored", async () => (await doneRuns(database)) === 4);
  expect(seen.rounds).toHaveLength(1);
  for (const back of comeBack) back();
  await polling;
  expect(await doneRuns(database)).toBe(32);
});

test("a result that nobody follows is stored after the time to gather", async () => {
  await using database = await createTestDatabase();
  const { workflow, comeBack } = heldBack("alone");
  await enqueue(database.database, workflow, numbers(32));
  const polling = poll(database.database, [workflow], { settings: { gatherMs: 30 } });
  await until("all handlers run", () => comeBack.length === 32);
  comeBack.pop()!();
  await until("one result was stored", async () => (await doneRuns(database)) === 1);
  for (const back of comeBack) back();
  await polling;
});

test("a lease claims no more than it has bytes for, also while outputs grow", async () => {
  await using database = await createTestDatabase();
  const text = "y".repeat(100_000);
  const workflow = defineWorkflow({ name: "heavy", version: 1, input: z.object({ text: z.string() }) })
    .step("a", ({ input }) => input.text)
    .step("b", ({ input }) => input.text)
    .step("c", () => 1);
  await enqueue(
    database.database,
    workflow,
    Array.from({ length: 40 }, () => ({ text })),
  );
  const { store, seen } = watching(database);
  await poll(database.database, [workflow], { store, settings: { maxBytes: 1_000_000, leases: 1 } });
  const asked = seen.rounds.flatMap(({ claim }) => (claim === undefined ? [] : [claim.max_bytes]));
  // no guess: 40 runs of 100 KB do not fit into one claim of 1 MB
  expect(asked.length).toBeGreaterThan(0);
  // no guess: bytes
  expect(Math.max(...asked)).toBeLessThanOrEqual(1_000_000);
  // no guess: bytes
  expect(Math.min(...asked)).toBeGreaterThanOrEqual(125_000);
  expect(await doneRuns(database)).toBe(40);
});

test("a lone run of quick steps does not look for others with each round", async () => {
  await using database = await createTestDatabase();
  const links = Array.from({ length: 100 }, (_, n) => n);
  const workflow = links.reduce((chain, n) => chain.step(`s${n}` as "s", () => n) as unknown as typeof chain, base("lone"));
  await enqueue(database.database, workflow, numbers(1));
  const { store, seen } = watching(database);
  // A clock that stands still: 20 ms since the last look never pass.
  await poll(database.database, [workflow], { store, clock: { now: () => 0, after: () => () => {} } });
  expect(seen.rounds).toHaveLength(100);
  expect(seen.rounds.filter(({ claim }) => claim !== undefined)).toEqual([]);
});

test("an output that is stored already refuses its round once; sent again it is found, its run given back, and its neighbours stored", async () => {
  await using database = await createTestDatabase();
  const said: string[] = [];
  const logger: Logger = { debug() {}, info() {}, warn() {}, error: (message) => void said.push(message) };
  let running = 0;
  let allRun = () => {};
  const together = new Promise<void>((resolve) => (allRun = resolve));
  const workflow = base("doubled").step("a", async () => {
    if (++running === 5) allRun();
    await together;
    return "second";
  });
  const ids = await enqueue(database.database, workflow, numbers(5));
  const { store, seen } = watching(database);
  const add = `insert into baton.checkpoint select id, 'a', 0, 1, now(), now(), '"first"' from baton.run where id = $1`;
  const claiming: RunStore = {
    ...store,
    async claim(...call) {
      const answer = await store.claim(...call);
      if (running === 0) await database.query(add, [ids[2]]);
      return answer;
    },
  };
  await poll(database.database, [workflow], { store: claiming, logger });
  expect(seen.rounds.slice(0, 2).map((round) => "checked" in round)).toEqual([false, true]);
  expect(said).toEqual(["an output was refused as a duplicate; the run was given back"]);
  const outputs = await Promise.all(ids.map(async (id) => (await runRepository(database.database).state(id))!["a"]));
  expect(outputs).toEqual(["second", "second", "first", "second", "second"]);
  expect(await doneRuns(database)).toBe(5);
  await database.assertInvariants();
});

test("a nudge needs no tick within a minute of the last; the schedule always ticks, and so does a process that has just begun", async () => {
  await using database = await createTestDatabase();
  const workflow = base("nudged").step("a", () => 1);
  const repository = runRepository(database.connect("poller"));
  let ticks = 0;
  let now = 0;
  const store: RunStore = { ...repository, tick: () => (ticks++, repository.tick()) };
  const poller = createPoller(database.database, [workflow], { store, clock: { ...systemClock, now: () => now } });
  const ticksOf = async (nudged: boolean) => {
    ticks = 0;
    const [id] = await enqueue(database.database, workflow, numbers(1));
    await pollQueue(poller, nudged);
    expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done" });
    return ticks;
  };
  expect(await ticksOf(true)).toBe(1);
  now += 50_000;
  expect(await ticksOf(true)).toBe(0);
  expect(await ticksOf(false)).toBe(1);
  now += 61_000;
  expect(await ticksOf(true)).toBe(1);
});
