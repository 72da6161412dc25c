import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow, NonRetryableError, RetryAfterError } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const Input = z.object({ n: z.int() });
const base = (name: string) => defineWorkflow({ name, version: 1, input: Input });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const statusOf = async (database: TestDatabase, id: string) => (await runRepository(database.database).findRun(id))!.status;

/** The store of a database that counts its calls by name. */
function counting(database: TestDatabase): { store: RunStore; calls: Record<string, number> } {
  const repository = runRepository(database.connect("poller"));
  const calls: Record<string, number> = {};
  const count = (name: string) => (calls[name] = (calls[name] ?? 0) + 1);
  const store: RunStore = {
    tick: () => (count("tick"), repository.tick()),
    claim: (...call) => (count("claim"), repository.claim(...call)),
    advance: (...call) => (count("advance"), repository.advance(...call)),
    advanceWith: (...call) => (count("advanceWith"), repository.advanceWith(...call)),
    release: (token) => (count("release"), repository.release(token)),
  };
  return { store, calls };
}

test("runs that finish together share their rounds: 90 three-step runs cost 3 rounds, 1 claim and 1 release", async () => {
  await using database = await createTestDatabase();
  const workflow = base("together")
    .step("a", () => 1)
    .step("b", () => 2)
    .step("c", () => 3);
  await enqueue(database.database, workflow, numbers(90));
  const { store, calls } = counting(database);
  await poll(database.database, [workflow], { store, settings: { concurrency: 100 } });
  // The second claim is the one that finds nothing more.
  expect(calls).toEqual({ tick: 1, claim: 2, advance: 3, release: 1 });
});

test("never more handlers run at the same time than the setting allows", async () => {
  await using database = await createTestDatabase();
  let running = 0;
  let most = 0;
  const workflow = base("bounded").step("a", async () => {
    most = Math.max(most, ++running);
    // no guess: as many as may begin do so before the first comes back
    await wait(2);
    running--;
  });
  await enqueue(database.database, workflow, numbers(60));
  await poll(database.database, [workflow], { settings: { concurrency: 7 } });
  expect(most).toBe(7);
  await database.assertInvariants();
});

test("a long step keeps its lease by heartbeats: longer than the lease, it runs once and nobody crashes", async () => {
  await using database = await createTestDatabase();
  let started = 0;
  const expiries = new Set<string>();
  const workflow = base("long").step("a", async () => {
    started++;
    // A heartbeat goes out after a third of the lease, so the fourth goes out when the lease would
    // be over.
    await until("it was extended four times", async () => {
      for (const { at } of await database.query("select expires_at::text as at from baton.lease")) expiries.add(at as string);
      return expiries.size > 4;
    });
    return "slow";
  });
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const rival = until("it was extended twice", () => expiries.size > 2).then(() => poll(database.database, [workflow]));
  await poll(database.database, [workflow], { settings: { ttlMs: 3_000 } });
  await rival;
  expect(started).toBe(1);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done", crashes: 0 });
});

test("a poller that was frozen past its lease writes nothing, and is told through the signal", async () => {
  await using database = await createTestDatabase();
  const reasons: unknown[] = [];
  const thaw = Promise.withResolvers<void>();
  let attempts = 0;
  const workflow = base("frozen").step("a", async (_state, { signal }) => {
    signal.addEventListener("abort", () => reasons.push((signal.reason as Error).name));
    if (attempts++ === 0) await thaw.promise;
    return attempts;
  });
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const frozen = poll(database.database, [workflow], { settings: { ttlMs: 90_000 } });
  await until("the step has started", () => attempts > 0);
  await database.query("update baton.lease set expires_at = now() - interval '1 second'");
  await poll(database.database, [workflow]);
  const done = await runRepository(database.database).findRun(id!);
  thaw.resolve();
  await frozen;
  expect(done).toMatchObject({ status: "done", crashes: 1, checkpoints: [{ output: 2 }] });
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ checkpoints: [{ output: 2 }] });
  expect(reasons).toEqual(["FencedError"]);
  await database.assertInvariants();
});

test("a step starts only when its own timeout and the reserve fit into the time left; the rest is given back uncounted", async () => {
  await using database = await createTestDatabase();
  let left = 40_000;
  const workflow = base("deadline").step("a", { timeout: "30 seconds" }, () => {
    left -= 2_000;
    return left;
  });
  await enqueue(database.database, workflow, numbers(10));
  await poll(database.database, [workflow], { remainingMs: () => left, settings: { concurrency: 1 } });
  const [row] = await database.query(
    "select count(*)::int as done, (select count(*)::int from baton.ready) as ready, (select count(*)::int from baton.failure) as failures from baton.ending",
  );
  expect(row).toEqual({ done: 3, ready: 7, failures: 0 });
  await database.assertInvariants();
});

test("a retry within the linger is waited for without a statement, in the same invocation", async () => {
  await using database = await createTestDatabase();
  const workflow = base("lingering").step("a", (_state, { attempt }) => {
    if (attempt === 1) throw new RetryAfterError("2.1 seconds");
    return attempt;
  });
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const { store, calls } = counting(database);
  await poll(database.database, [workflow], { store, settings: { lingerMs: 15_000 } });
  expect(await statusOf(database, id!)).toBe("done");
  expect(calls).toEqual({ tick: 1, claim: 4, advance: 2, release: 2 });
});

test("a retry of under two seconds stays in the lease and starts after its failure is stored", async () => {
  await using database = await createTestDatabase();
  const seen: number[] = [];
  const workflow = base("in-place").step(
    "a",
    { retry: { backoff: "50 milliseconds", jitter: "none" } },
    async (_state, { attempt, runId }) => {
      const [row] = await database.query<{ n: number }>("select count(*)::int as n from baton.failure where run_id = $1", [runId]);
      seen.push(row!.n);
      if (attempt < 3) throw new Error("not yet");
      return attempt;
    },
  );
  await enqueue(database.database, workflow, numbers(1));
  const { store, calls } = counting(database);
  await poll(database.database, [workflow], { store });
  expect(seen).toEqual([0, 1, 2]);
  expect(calls["claim"]).toBe(2);
});

test("retries end after maxAttempts, NonRetryableError at once, and the error is kept", async () => {
  await using database = await createTestDatabase();
  const stubborn = base("stubborn").step("a", { retry: { maxAttempts: 3, backoff: "1 millisecond" } }, () => {
    throw new TypeError("always");
  });
  const hopeless = base("hopeless").step("a", () => {
    throw new NonRetryableError("card declined");
  });
  const [first] = await enqueue(database.database, stubborn, numbers(1));
  const [second] = await enqueue(database.database, hopeless, numbers(1));
  await poll(database.database, [stubborn, hopeless]);
  const repository = runRepository(database.database);
  expect(await repository.findRun(first!)).toMatchObject({
    status: "failed",
    error: { name: "TypeError", message: "always" },
    failures: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }],
  });
  expect(await repository.findRun(second!)).toMatchObject({
    status: "failed",
    error: { name: "NonRetryableError", message: "card declined" },
    failures: [{ attempt: 1 }],
  });
  await repository.redrive(first!);
  await poll(database.database, [stubborn, hopeless]);
  expect((await repository.findRun(first!))!.failures).toHaveLength(6);
  await database.assertInvariants();
});

test("a step that takes longer than its timeout is aborted, and tried again", async () => {
  await using database = await createTestDatabase();
  const aborted: unknown[] = [];
  const workflow = base("late").step(
    "a",
    { timeout: "100 milliseconds", retry: { backoff: "1 millisecond" } },
    async (_state, { attempt, signal }) => {
      signal.addEventListener("abort", () => aborted.push((signal.reason as Error).name));
      if (attempt === 1) await until("it was aborted", () => signal.aborted);
      return attempt;
    },
  );
  const [id] = await enqueue(database.database, workflow, numbers(1));
  await poll(database.database, [workflow]);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({
    status: "done",
    failures: [{ error: { name: "StepTimeoutError" } }],
    checkpoints: [{ output: 2 }],
  });
  expect(aborted).toEqual(["StepTimeoutError"]);
});

test("a cancelled run's step is aborted with the next round, and what it returns is dropped", async () => {
  await using database = await createTestDatabase();
  const aborted: unknown[] = [];
  let started = false;
  const workflow = base("stopped").step("a", async (_state, { signal }) => {
    started = true;
    await new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(aborted.push((signal.reason as Error).name) as never)),
    );
    return "too late";
  });
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const polling = poll(database.database, [workflow], { settings: { ttlMs: 300 } });
  await until("the step has started", () => started);
  expect(await runRepository(database.connect("operator")).cancel(id!)).toEqual({ status: "cancelling" });
  await polling;
  expect(aborted).toEqual(["RunCancelledError"]);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "cancelled", checkpoints: [] });
  await database.assertInvariants();
});

test("a run whose workflow this code does not know is blocked with the reason, and goes on when the code is back", async () => {
  await using database = await createTestDatabase();
  const known = base("known").step("a", () => 1);
  const later = base("later")
    .step("a", () => 1)
    .sleep("nap", "1 second")
    .step("b", () => 2);
  const reshaped = base("later").step("z", () => 1);
  const [id] = await enqueue(database.database, later, numbers(1));
  await poll(database.database, [known]);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({
    status: "blocked",
    failures: [],
    blocked: expect.stringContaining("later") as unknown,
  });
  await poll(database.database, [known, later]);
  await database.advance("2 seconds");
  await poll(database.database, [known, reshaped]);
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({
    status: "blocked",
    blocked: expect.stringContaining('"a"') as unknown,
  });
  await poll(database.database, [known, later]);
  expect(await statusOf(database, id!)).toBe("done");
  await database.assertInvariants();
});

test("one sql node's error harms no neighbour: the others are applied once, the bad one fails with the database's words", async () => {
  await using database = await createTestDatabase();
  await database.query(
    "create schema if not exists test; create table test.account (n int primary key, constraint n_is_not_13 check (n <> 13)); grant usage on schema test to public; grant insert on test.account to public",
  );
  const workflow = base("booking").sql("book", { retry: { maxAttempts: 2, backoff: "1 millisecond" } }, ({ input }) => ({
    statements: [{ text: "insert into test.account (n) values ($1)", values: [input.n] }],
  }));
  const ids = await enqueue(database.database, workflow, numbers(20));
  await poll(database.connect("poller"), [workflow]);
  const [row] = await database.query(
    "select count(*)::int as rows, (select count(*)::int from baton.ending where status = 'done') as done from test.account",
  );
  expect(row).toEqual({ rows: 19, done: 19 });
  const bad = await runRepository(database.database).findRun(ids[13]!);
  expect(bad).toMatchObject({ status: "failed", failures: [{ attempt: 1 }, { attempt: 2 }] });
  expect(bad!.error!.message).toContain("n_is_not_13");
  await database.assertInvariants();
});

test("a sql node whose statement does not fit its parameters fails by its retry policy, and its neighbours are applied", async () => {
  await using database = await createTestDatabase();
  const workflow = base("misfit").sql("select", { retry: { maxAttempts: 2, backoff: "1 millisecond" } }, ({ input }) => ({
    statements: [{ text: "select $1::int", values: input.n === 1 ? [1, 2] : [1] }],
  }));
  const ids = await enqueue(database.database, workflow, numbers(4));
  await poll(database.connect("poller"), [workflow]);
  const statuses = await Promise.all(ids.map((id) => statusOf(database, id)));
  expect(statuses).toEqual(["done", "failed", "done", "done"]);
  expect((await runRepository(database.database).findRun(ids[1]!))!.failures).toHaveLength(2);
});

test("an output over 256 KiB fails its run with a clear error, and a handler that returns what is not JSON too", async () => {
  await using database = await createTestDatabase();
  const large = base("large").step("a", () => "x".repeat(300_000));
  const odd = base("odd").step("a", () => Number.POSITIVE_INFINITY);
  const [first] = await enqueue(database.database, large, numbers(1));
  const [second] = await enqueue(database.database, odd, numbers(1));
  await poll(database.database, [large, odd]);
  expect(await runRepository(database.database).findRun(first!)).toMatchObject({
    status: "failed",
    error: { name: "OutputTooLargeError" },
  });
  expect(await runRepository(database.database).findRun(second!)).toMatchObject({ status: "failed", error: { name: "NotJsonError" } });
});

test("payloads of 200 KB each are claimed in answers of about 4 MiB and stored in requests of about 4 MiB", async () => {
  await using database = await createTestDatabase();
  const workflow = defineWorkflow({ name: "heavy", version: 1, input: z.object({ text: z.string() }) }).step(
    "a",
    ({ input }) => input.text,
  );
  await enqueue(
    database.database,
    workflow,
    Array.from({ length: 40 }, () => ({ text: "y".repeat(200_000) })),
  );
  const sizes: number[] = [];
  const repository = runRepository(database.connect("poller"));
  const store: RunStore = {
    ...repository,
    claim: async (...call) => {
      const answer = await repository.claim(...call);
      sizes.push(JSON.stringify(answer).length);
      return answer;
    },
    advance: async (token, round, request) => {
      const answer = await repository.advance(token, round, request);
      sizes.push(request.length, JSON.stringify(answer).length);
      return answer;
    },
  };
  await poll(database.database, [workflow], { store });
  expect(Math.max(...sizes)).toBeLessThan(4.5 * 1024 * 1024);
  const [row] = await database.query("select count(*)::int as done from baton.ending");
  expect(row).toEqual({ done: 40 });
});

test("a run as long as its history: 300 steps are one claim, and each is stored once", async () => {
  await using database = await createTestDatabase();
  const links = Array.from({ length: 300 }, (_, n) => n);
  // The names are not literals, so the chain's type stays that of its beginning.
  const workflow = links.reduce((chain, n) => chain.step(`s${n}` as "s", () => n) as unknown as typeof chain, base("chain"));
  const [id] = await enqueue(database.database, workflow, numbers(1));
  const { store, calls } = counting(database);
  await poll(database.database, [workflow], { store });
  expect(calls).toMatchObject({ claim: 2, advance: 300 });
  expect(await statusOf(database, id!)).toBe("done");
  await database.assertInvariants();
});
