import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import { type RunStore, systemClock } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { claimRequest } from "../support/engine-calls.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const base = (name: string) => defineWorkflow({ name, version: 1, input: z.object({ n: z.int() }) });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const lost = () => new DatabaseUnknownOutcomeError("the answer was lost", {});

/**
 * The store of a database that keeps each round as it was sent; meddle may come before one and
 * change how it is answered.
 */
function watching(database: TestDatabase, meddle?: (send: () => Promise<unknown>) => Promise<unknown>) {
  const repository = runRepository(database.connect("poller"));
  const sent: { round: number; request: string; statements: readonly unknown[] }[] = [];
  const seen = { sent, releases: 0 };
  const store: RunStore = {
    ...repository,
    advance(token, round, request) {
      sent.push({ round, request, statements: [] });
      const send = () => repository.advance(token, round, request);
      return meddle === undefined ? send() : (meddle(send) as ReturnType<typeof send>);
    },
    advanceWith(token, round, request, statements) {
      sent.push({ round, request, statements });
      const send = () => repository.advanceWith(token, round, request, statements);
      return meddle === undefined ? send() : (meddle(send) as ReturnType<typeof send>);
    },
    release: (token) => (seen.releases++, repository.release(token)),
  };
  return { store, seen };
}

const effects = "create table service.effect (n integer check (n <> 3)); grant insert, select on service.effect to baton_poller";
const writing = (name: string, before: (n: number) => Promise<void> | void = () => {}) =>
  base(name).sql("write", { retry: { maxAttempts: 1 } }, async ({ input }) => {
    await before(input.n);
    return { statements: [{ text: "insert into service.effect values ($1)", values: [input.n] }] };
  });

test("each number of a round is used for one content, also after a refusal", async () => {
  await using database = await createTestDatabase();
  await database.query(effects);
  const twice = base("twice").step("a", async ({ input }, { runId }) => {
    if (input.n === 1) {
      await database.query("insert into baton.checkpoint values ($1, 'a', 0, 1, baton.now(), baton.now(), '0')", [runId]);
    }
    return input.n;
  });
  for (const workflow of [writing("refused"), twice]) {
    await enqueue(database.database, workflow, numbers(5));
    const { store, seen } = watching(database);
    await poll(database.connect("poller"), [workflow], { store, settings: { leases: 1 } });
    const contents = new Map<number, string>();
    for (const { round, request } of seen.sent) {
      // A lease begins with the round 1; what follows it belongs to another.
      if (round === 1) contents.clear();
      expect(contents.get(round) ?? request).toBe(request);
      contents.set(round, request);
    }
    expect(seen.sent.map(({ round }) => round)).toContain(2);
  }
});

test("sql nodes are sent in the order of their run ids, whatever the order in which they finished", async () => {
  await using database = await createTestDatabase();
  await database.query(effects);
  const comeBack: (() => void)[] = [];
  const workflow = writing("ordered", (n) => new Promise((resolve) => (comeBack[n] = resolve)));
  await enqueue(database.database, workflow, numbers(3));
  const { store, seen } = watching(database);
  const polling = poll(database.connect("poller"), [workflow], { store });
  await until("all handlers run", () => comeBack.filter(Boolean).length === 3);
  for (const back of comeBack.toReversed()) back();
  await polling;
  expect(seen.sent[0]!.statements).toMatchObject([{ values: [0] }, { values: [1] }, { values: [2] }]);
});

test("statements whose answer was lost are applied once, and count as no failed attempt", async () => {
  await using database = await createTestDatabase();
  await database.query(effects);
  const workflow = writing("lost");
  const [id] = await enqueue(database.database, workflow, numbers(1));
  let wasLost = false;
  const { store } = watching(database, async (send) => {
    const answer = await send();
    if (wasLost) return answer;
    wasLost = true;
    throw lost();
  });
  await poll(database.connect("poller"), [workflow], { store, random: () => 0 });
  expect(wasLost).toBe(true);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done", failures: [] });
  expect(await database.query("select n from service.effect")).toEqual([{ n: 0 }]);
});

test("what the handler of a stopped run returns is not sent", async () => {
  await using database = await createTestDatabase();
  const comeBack: (() => void)[] = [];
  const workflow = base("stopped").step("a", ({ input }) => new Promise<null>((resolve) => (comeBack[input.n] = () => resolve(null))));
  const [stopped] = await enqueue(database.database, workflow, numbers(3));
  const { store, seen } = watching(database);
  const polling = poll(database.database, [workflow], { store, settings: { gatherMs: 0 } });
  await until("all handlers run", () => comeBack.filter(Boolean).length === 3);
  await runRepository(database.connect("operator")).cancel(stopped!);
  comeBack[1]!();
  await until(
    "the round was applied",
    async () => (await database.query("select from baton.ending where status = 'cancelled'")).length === 1,
  );
  comeBack[0]!();
  comeBack[2]!();
  await polling;
  expect(seen.sent.map(({ request }) => request).join("\n")).not.toContain(stopped);
});

test("what the handler of a stopped run returned while its round was on its way is not sent", async () => {
  await using database = await createTestDatabase();
  const comeBack: (() => void)[] = [];
  const workflow = base("overtaken").step("a", ({ input }) => new Promise<null>((resolve) => (comeBack[input.n] = () => resolve(null))));
  const [stopped] = await enqueue(database.database, workflow, numbers(3));
  const { store, seen } = watching(database, async (send) => {
    const answer = await send();
    comeBack[0]!();
    // One turn of the event loop: the handler has come back before its poller reads the answer.
    await new Promise((resolve) => setImmediate(resolve));
    return answer;
  });
  const polling = poll(database.database, [workflow], { store, settings: { gatherMs: 0 } });
  await until("all handlers run", () => comeBack.filter(Boolean).length === 3);
  await runRepository(database.connect("operator")).cancel(stopped!);
  comeBack[1]!();
  await until("the round was sent", () => seen.sent.length > 0);
  comeBack[2]!();
  await polling;
  expect(seen.sent.map(({ request }) => request).join("\n")).not.toContain(stopped);
});

test("a lease whose last round has an unknown outcome is not released: others would have its runs when the round comes", async () => {
  await using database = await createTestDatabase();
  const workflow = base("unsettled").step("a", () => 1);
  await enqueue(database.database, workflow, numbers(1));
  let remainingMs = 300_000;
  const { store, seen } = watching(database, () => {
    remainingMs = 0;
    return Promise.reject(lost());
  });
  const polling = poll(database.database, [workflow], { store, remainingMs: () => remainingMs });
  await expect(polling).rejects.toMatchObject({ name: "UnsettledError" });
  expect(seen.releases).toBe(0);
  expect(await database.query("select from baton.lease")).toHaveLength(1);
});

test("a retry in place waits as long as its policy says", async () => {
  await using database = await createTestDatabase();
  const waits: number[] = [];
  const workflow = base("patient").step("a", { retry: { backoff: "700 milliseconds", jitter: "none" } }, (_state, { attempt }) => {
    if (attempt === 1) throw new Error("once");
    return attempt;
  });
  await enqueue(database.database, workflow, numbers(1));
  // Time stands still, so what is waited for is what was asked for; the wait itself is not.
  const after: typeof systemClock.after = (milliseconds, callback) => {
    waits.push(milliseconds);
    return milliseconds > 1_000 ? () => {} : systemClock.after(0, callback);
  };
  await poll(database.database, [workflow], { clock: { now: () => 0, after } });
  expect(waits).toContain(700);
  expect(await database.query("select status from baton.ending")).toEqual([{ status: "done" }]);
});

test("a poller says that suspects begin before it starts them", async () => {
  await using database = await createTestDatabase();
  const rounds: unknown[] = [];
  const workflow = base("suspect").step("a", async () => {
    rounds.push(...(await database.query("select round > fresh_round as begun from baton.lease")));
    return 1;
  });
  await enqueue(database.database, workflow, numbers(1));
  await runRepository(database.connect("poller")).claim(randomUUID(), claimRequest());
  await database.advance("31 seconds");
  await poll(database.database, [workflow]);
  expect(rounds).toEqual([{ begun: true }]);
});
