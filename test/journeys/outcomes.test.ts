import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { encodeRound } from "../../shared/domain/wire.ts";
import { systemClock, type RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type Driver, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const Input = z.object({ n: z.int() });
const base = (name: string) => defineWorkflow({ name, version: 1, input: Input });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const retry = { maxAttempts: 2, backoff: "1 millisecond" } as const;
const unknown = () => new DatabaseUnknownOutcomeError("no answer in time", {});
const find = async (database: TestDatabase, id: string) => (await runRepository(database.database).findRun(id))!;

/** One database with a table that sql nodes may write, and the store that a poller would use. */
async function prepared() {
  const database = await createTestDatabase();
  await database.query("create table service.effect (n int); grant insert on service.effect to baton_poller");
  return { database, store: runRepository(database.connect("poller")) as RunStore };
}
const insert = (n: number) => ({ text: "insert into service.effect values ($1)", values: [n] });

/** A clock that a test may set ahead. */
function skewedClock() {
  let ahead = 0;
  return { clock: { ...systemClock, now: () => systemClock.now() + ahead }, skip: (milliseconds: number) => void (ahead += milliseconds) };
}

test("statements that could not be sent fail their runs at once, and other runs of all pollers are done", async () => {
  const { database, store } = await prepared();
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  const bad = [
    null,
    { values: [1] },
    { text: "select $1", values: [loop] },
    { text: "select $1", values: [() => 1] },
    { text: "commit" },
    { text: "copy service.effect from stdin" },
  ];
  const careless = base("careless").sql("post", { retry }, ({ input }) => ({ statements: [bad[input.n] as never] }));
  const careful = base("careful").sql("post", ({ input }) => ({ statements: [insert(input.n)] }));
  const failing = await enqueue(database.database, careless, numbers(6));
  await enqueue(database.database, careful, numbers(20));
  await poll(database.database, [careless, careful], { store });
  for (const id of failing)
    expect(await find(database, id)).toMatchObject({
      status: "failed",
      error: { name: "InvalidStatementError" },
      failures: [{ attempt: 1 }],
    });
  expect(await database.query("select count(*)::int as done from baton.ending where status = 'done'")).toEqual([{ done: 20 }]);
  await database.assertInvariants();
});

test.each(["BT001", "BT002", "BT003", "57P01", "08006", "53100", "40P01", "XX000"])(
  "a sql node whose statement raises %s by itself has failed attempts, and its neighbours are applied once",
  async (sqlstate) => {
    const { database, store } = await prepared();
    const raise = { text: `do $$ begin raise exception 'mine' using errcode = '${sqlstate}'; end $$` };
    const workflow = base("raising").sql("post", { retry }, ({ input }) => ({
      statements: input.n === 1 ? [insert(99), raise] : [insert(input.n)],
    }));
    const ids = await enqueue(database.database, workflow, numbers(4));
    await poll(database.database, [workflow], { store, random: () => 0 });
    expect((await find(database, ids[1]!)).failures).toMatchObject([
      { attempt: 1, error: { message: "mine" } },
      { attempt: 2, error: { message: "mine" } },
    ]);
    expect(await database.query("select n from service.effect order by n")).toEqual([{ n: 0 }, { n: 2 }, { n: 3 }]);
    expect(await database.query("select status, count(*)::int from baton.ending group by 1 order by 1")).toEqual([
      { status: "done", count: 3 },
      { status: "failed", count: 1 },
    ]);
    await database.assertInvariants();
  },
);

test("a lease whose round stays unknown is given up alone, and not released: later claims go on", async () => {
  const { database, store } = await prepared();
  const { clock, skip } = skewedClock();
  const hopeless = base("hopeless").sql("post", () => ({ statements: [insert(1)] }));
  const healthy = base("healthy").step("a", () => 1);
  await enqueue(database.database, hopeless, numbers(1), { priority: 0 });
  await enqueue(database.database, healthy, numbers(3));
  const tries = new Map<string, number>();
  const released: string[] = [];
  await poll(database.database, [hopeless, healthy], {
    clock,
    random: () => 0,
    settings: { batch: 1 },
    store: {
      ...store,
      release: (token) => (released.push(token), store.release(token)),
      advanceWith: async (token) => {
        tries.set(token, 1);
        skip(5_000);
        throw unknown();
      },
      advance: async (token, ...round) => {
        if (!tries.has(token)) return store.advance(token, ...round);
        tries.set(token, tries.get(token)! + 1);
        skip(5_000);
        throw unknown();
      },
    },
  });
  // The statements once and 19 questions what became of them, and 90 seconds.
  expect([...tries.values()]).toEqual([20]);
  expect(released).not.toContain([...tries.keys()][0]);
  expect(await database.query("select count(*)::int as done from baton.ending")).toEqual([{ done: 3 }]);
  expect(await database.query("select token::text from baton.lease")).toEqual([{ token: [...tries.keys()][0] }]);
  await database.assertInvariants();
});

test("a lease with an unknown round is not released when the invocation's time is up", async () => {
  const { database, store } = await prepared();
  const workflow = base("late").step("a", () => 1);
  await enqueue(database.database, workflow, numbers(1));
  let left = 300_000;
  const released: string[] = [];
  const polling = poll(database.database, [workflow], {
    remainingMs: () => left,
    store: {
      ...store,
      release: (token) => (released.push(token), store.release(token)),
      advance: async () => {
        left = 500;
        throw unknown();
      },
    },
  });
  await expect(polling).rejects.toMatchObject({ name: "UnsettledError" });
  expect(released).toEqual([]);
  expect(await database.query("select count(*)::int as leases from baton.lease")).toEqual([{ leases: 1 }]);
});

test("statements whose answer was lost and that were applied are refused when they are sent again: they happen once, and count no failed attempt", async () => {
  const { database, store } = await prepared();
  const workflow = base("unsure").sql("post", { retry }, ({ input }) => ({ statements: [insert(input.n)] }));
  const [id] = await enqueue(database.database, workflow, numbers(1));
  let tried = 0;
  await poll(database.database, [workflow], {
    random: () => 0,
    store: {
      ...store,
      advanceWith: async (...call) => {
        tried++;
        await store.advanceWith(...call);
        throw unknown();
      },
    },
  });
  expect(tried).toBe(2);
  expect(await find(database, id!)).toMatchObject({ status: "done", failures: [] });
  expect(await database.query("select n from service.effect")).toEqual([{ n: 0 }]);
});

const selfDestroying: [what: string, driver: Driver, statement: string, error: string][] = [
  ["a result that no answer has room for", "neon", "select repeat('x', 1000) from generate_series(1, 11000)", "response is too large"],
  ["a statement that ends its own session", "pg", "select pg_terminate_backend(pg_backend_pid())", "terminat"],
  ["a statement that ends its own session, over HTTP", "neon", "select pg_terminate_backend(pg_backend_pid())", ""],
  ["28P01, raised", "pg", "do $$ begin raise exception using errcode = '28P01', message = 'nope'; end $$", "nope"],
  ["an engine function called amiss", "pg", "select baton.claim('{}')", "baton.claim(unknown) does not exist"],
];

test.each(selfDestroying)(
  "%s is a failed attempt of its run, with its own error; the others of its transaction go on at once, and each effect is there once",
  async (_what, driver, text, message) => {
    const { database } = await prepared();
    const posting = base("posting").sql("post", { retry }, ({ input }) => ({
      statements: [insert(input.n), ...(input.n === 3 ? [{ text }] : [])],
    }));
    const ids = await enqueue(database.database, posting, numbers(6));
    const store = runRepository(database.connect("poller", driver)) as RunStore;
    await poll(database.database, [posting], { store });
    await database.advance("1 second");
    await poll(database.database, [posting], { store });
    for (const [n, id] of ids.entries()) {
      const found = await find(database, id);
      if (n !== 3) expect(found).toMatchObject({ status: "done", failures: [] });
      else
        expect(found).toMatchObject({
          status: "failed",
          failures: [
            { node: "post", attempt: 1 },
            { node: "post", attempt: 2 },
          ],
        });
      if (n === 3) expect(JSON.stringify(found.error)).toContain(message);
    }
    expect(await database.query("select n from service.effect order by n")).toEqual([0, 1, 2, 4, 5].map((n) => ({ n })));
    await database.assertInvariants();
  },
);

test("a late copy of statements that were taken for lost finds its round taken, and happens once or never", async () => {
  const { database, store } = await prepared();
  const workflow = base("late").sql("post", { retry }, ({ input }) => ({ statements: [insert(input.n)] }));
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const late: (() => Promise<unknown>)[] = [];
  await poll(database.database, [workflow], {
    store: {
      ...store,
      advanceWith: async (...call) => {
        if (late.length > 0) return store.advanceWith(...call);
        late.push(() => store.advanceWith(...call));
        throw unknown();
      },
    },
  });
  await expect(late[0]!()).rejects.toMatchObject({ sqlstate: "BT001" });
  expect(await find(database, id!)).toMatchObject({ status: "done", failures: [] });
  expect(await database.query("select n from service.effect")).toEqual([{ n: 0 }]);
});

test("a probe whose answer was lost as well proves nothing: the lease is given up, and whoever claims the run next goes on", async () => {
  const { database, store } = await prepared();
  const workflow = base("doubly").sql("post", { retry }, ({ input }) => ({ statements: [insert(input.n)] }));
  const [id] = await enqueue(database.database, workflow, numbers(1));
  let probes = 0;
  await poll(database.database, [workflow], {
    random: () => 0,
    store: {
      ...store,
      advanceWith: async () => {
        throw unknown();
      },
      advance: async (...call) => {
        const answer = await store.advance(...call);
        if (++probes === 1) throw unknown();
        return answer;
      },
    },
  });
  expect(await find(database, id!)).toMatchObject({ failures: [] });
  await database.advance("1 minute");
  await poll(database.database, [workflow], { store });
  await database.advance("1 minute");
  await poll(database.database, [workflow], { store });
  expect(await find(database, id!)).toMatchObject({ status: "done" });
  expect(await database.query("select n from service.effect")).toEqual([{ n: 0 }]);
});

const wrongPassword = { message: "password authentication failed for user", code: "28P01", severity: "FATAL", routine: "auth_failed" };
const unheard: [what: string, status: number, body: string][] = [
  ["HTTP 401", 401, "no"],
  ["HTTP 404", 404, "no"],
  ["a wrong password", 400, JSON.stringify(wrongPassword)],
];

test.each(unheard)(
  "%s after a round whose answer was lost is no refusal of it: what was applied stays applied, and counts no failed attempt",
  async (_what, status, body) => {
    const { database } = await prepared();
    const store = runRepository(database.connect("poller", "neon")) as RunStore;
    const posting = base("posting").sql("post", { retry }, ({ input }) => ({ statements: [insert(input.n)] }));
    const stepping = base("stepping").step("a", { retry }, () => 1);
    for (const [workflow, effects] of [
      [posting, [{ n: 0 }]],
      [stepping, [{ n: 0 }]],
    ] as const) {
      const [id] = await enqueue(database.database, workflow, numbers(1));
      let rounds = 0;
      database.neon.inject(({ text }) => {
        if (!text.includes("baton.advance") || ++rounds > 4) return undefined;
        return rounds === 1 ? { kind: "drop-after" } : { kind: "status-before", status, body };
      });
      await poll(database.database, [workflow], { store, random: () => 0 });
      database.neon.inject(undefined);
      // no guess: four of them are refused before one goes through
      expect(rounds).toBeGreaterThan(4);
      expect(await find(database, id!)).toMatchObject({ status: "done", failures: [] });
      expect(await database.query("select n from service.effect")).toEqual(effects);
    }
    await database.assertInvariants();
  },
);

test("sql nodes go out in the order of run ids, whatever the order in which they finish", async () => {
  const { database, store } = await prepared();
  const waiting: (() => void)[] = [];
  const workflow = base("ordered").sql("post", async ({ input }) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 6) waiting.toReversed().forEach((release) => release());
    });
    return { statements: [insert(input.n)] };
  });
  const ids = await enqueue(database.database, workflow, numbers(6));
  const seen: unknown[] = [];
  const advanceWith: RunStore["advanceWith"] = (...call) => (
    seen.push(call[3].map(({ values }) => values![0])),
    store.advanceWith(...call)
  );
  await poll(database.database, [workflow], { store: { ...store, advanceWith } });
  expect(ids).toEqual(ids.toSorted());
  expect(seen).toEqual([[0, 1, 2, 3, 4, 5]]);
});

test("what the handler of a stopped run returns is not sent", async () => {
  const { database, store } = await prepared();
  let started = false;
  const workflow = base("stopped").step("a", async (_state, { signal }) => {
    started = true;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    return "too late";
  });
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const busy = base("busy").step("a", () => until("the run was stopped", async () => (await find(database, id!)).status === "cancelled"));
  await enqueue(database.database, busy, numbers(1));
  const sent: string[] = [];
  const advance: RunStore["advance"] = (...call) => (sent.push(call[2]), store.advance(...call));
  const polling = poll(database.database, [workflow, busy], { store: { ...store, advance }, settings: { ttlMs: 300, gatherMs: 0 } });
  await until("the step has started", () => started);
  await runRepository(database.connect("operator")).cancel(id!);
  await polling;
  expect(sent.join()).not.toContain("too late");
  expect(await find(database, id!)).toMatchObject({ status: "cancelled" });
});

test("the number of a round that was refused is not used again", async () => {
  const { database, store } = await prepared();
  const workflow = base("refused").step("a", ({ input }) => input.n);
  await enqueue(database.database, workflow, numbers(2));
  const rounds: [number, string][] = [];
  const advance: RunStore["advance"] = async (token, round, request) => {
    rounds.push([round, request]);
    if (rounds.length === 1) throw new DatabaseRefusedError("cannot be stored", { sqlstate: "22P05" });
    return store.advance(token, round, request);
  };
  await poll(database.database, [workflow], { store: { ...store, advance } });
  expect(rounds.map(([round]) => round)).toEqual(rounds.map((_, nth) => nth + 1));
  expect(rounds).toHaveLength(3);
  expect(encodeRound({ ttl_ms: 30_000 })).not.toBe(rounds[1]![1]);
});
