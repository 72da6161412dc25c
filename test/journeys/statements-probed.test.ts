import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { ticketKeys } from "../support/tickets.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
// With a node behind: a run that seems to have ended is claimed again, and heals.
const workflow = defineWorkflow({ name: "twice", version: 1, input: z.object({ n: z.int() }) })
  .sql("post", ({ input }) => ({ statements: [{ text: "insert into service.effect values ($1)", values: [input.n] }] }))
  .step("after", () => true);

test.each([
  ["were never carried out", 1, false],
  ["were never carried out", 7, false],
  ["were committed", 1, true],
  ["were committed", 7, true],
])(
  "a probe that comes twice is not taken for the statements, which %s: those of %d runs happen once each",
  async (_what, count, arrive) => {
    const database = await createTestDatabase();
    await database.query("create table service.effect (n int); grant insert on service.effect to baton_poller");
    const store = runRepository(database.connect("poller")) as RunStore;
    const ids = await enqueue(database.database, workflow, numbers(count));
    let [sent, probes] = [0, 0];
    await poll(database.database, [workflow], {
      store: {
        ...store,
        advanceWith: async (...call) => {
          if (sent++ > 0) return store.advanceWith(...call);
          if (arrive) await store.advanceWith(...call);
          throw new DatabaseUnknownOutcomeError("no answer in time", {});
        },
        advance: async (...call) => {
          if (sent === 1 && probes++ === 0) await store.advance(...call).catch(() => undefined);
          return store.advance(...call);
        },
      },
    });
    expect(probes).not.toBe(0);
    for (const id of ids)
      expect(await runRepository(database.database).findRun(id)).toMatchObject({ status: "done", failures: [], crashes: 0 });
    expect(await database.query("select n from service.effect order by n")).toEqual(numbers(count));
  },
);

test("a run that was cancelled is told of it, though the answer that says so is lost with a neighbour's statements", async () => {
  const database = await createTestDatabase();
  await database.query("create table service.effect (n int); grant insert on service.effect to baton_poller");
  const store = runRepository(database.connect("poller")) as RunStore;
  const [heard, began] = [Promise.withResolvers<unknown>(), Promise.withResolvers<void>()];
  const listening = defineWorkflow({ name: "listening", version: 1, input: z.object({}) }).step("listen", async (_state, { signal }) => {
    began.resolve();
    await new Promise((resolve) => AbortSignal.any([signal, AbortSignal.timeout(30_000)]).addEventListener("abort", resolve));
    heard.resolve(signal.reason);
  });
  const [cancelled] = await enqueue(database.database, listening, [{}]);
  const [posted] = await enqueue(database.database, workflow, [{ n: 1 }]);
  let lost = 0;
  await poll(database.database, [listening, workflow], {
    store: {
      ...store,
      advanceWith: async (...call) => {
        if (lost++ > 0) return store.advanceWith(...call);
        await began.promise;
        await database.query("select baton.cancel($1, '{}')", [cancelled]);
        await store.advanceWith(...call);
        throw new DatabaseUnknownOutcomeError("no answer in time", {});
      },
    },
  });
  expect(await heard.promise).toMatchObject({ name: "RunCancelledError" });
  expect(await runRepository(database.database).findRun(posted!)).toMatchObject({ status: "done", failures: [] });
  expect(await database.query("select n from service.effect")).toEqual([{ n: 1 }]);
});

/** How the answer to a round with statements, which was applied, does not come. */
const losses = {
  "is lost": async () => {
    throw new DatabaseUnknownOutcomeError("no answer in time", {});
  },
  "went to an earlier copy": async (again: () => Promise<never>) => again(),
};

async function losing(loss: keyof typeof losses, meanwhile: () => unknown = () => {}) {
  const database = await createTestDatabase();
  await database.query("create table service.effect (n int); grant insert on service.effect to baton_poller");
  const inner = runRepository(database.connect("poller")) as RunStore;
  let sent = 0;
  const advanceWith: RunStore["advanceWith"] = async (...call) => {
    const answer = await inner.advanceWith(...call);
    if (sent++ > 0) return answer;
    await meanwhile();
    return losses[loss](() => inner.advanceWith(...call) as Promise<never>);
  };
  return { database, store: { ...inner, advanceWith } };
}

const kinds = Object.keys(losses) as (keyof typeof losses)[];
const posting = (name: string) => defineWorkflow({ name, version: 1, input: z.object({ n: z.int() }) });
const post = ({ input }: { readonly input: { readonly n: number } }) => ({
  statements: [{ text: "insert into service.effect values ($1)", values: [input.n] }],
});

test.each(kinds)("a run asks anew for its mail where the answer that brought it %s with its statements", async (loss) => {
  const { database, store } = await losing(loss);
  let asked = 0;
  const approved = posting("approved")
    .sql("post", post)
    .approval("sign-off", { choices: ["yes", "no"], timeout: "3 days", ask: () => void asked++ });
  const [id] = await enqueue(database.database, approved, numbers(1));
  const tickets = { keys: async () => ticketKeys, publicUrl: "https://orders.example.com" };
  await poll(database.database, [approved], { store, tickets });
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "waiting", failures: [], crashes: 0 });
  expect(asked).toBe(1);
  expect(await database.query("select n from service.effect")).toEqual(numbers(1));
  await database.assertInvariants();
});

test.each(kinds)("a run sees when its sleep ends as it is stored, where the answer that told it %s with its statements", async (loss) => {
  const held = Promise.withResolvers<void>();
  // no guess: the times of two answers are to differ, and nothing else happens meanwhile.
  const { database, store } = await losing(loss, () => new Promise((resolve) => setTimeout(resolve, 20)));
  const reasons: unknown[] = [];
  const rested = posting("rested").all("both", {
    left: (chain) =>
      chain
        .sql("post", post)
        .sleep("rest", "1 second")
        .step("seen", (state) => (held.resolve(), state.rest)),
    right: (chain) =>
      chain.step("hold", async (_state, { signal }) => {
        signal.addEventListener("abort", () => reasons.push((signal.reason as Error).message));
        await held.promise;
      }),
  });
  const [id] = await enqueue(database.database, rested, numbers(1));
  await poll(database.database, [rested], { store });
  const [rest, seen] = await database.query<{ output: unknown }>(
    "select output from baton.checkpoint where node in ('both/left/rest', 'both/left/seen') order by node",
  );
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done" });
  expect(seen).toEqual(rest);
  expect(reasons).toEqual(["This run was given back: stop, it goes on elsewhere."]);
});

test("what comes back of a run that is being given back does not end it beside", async () => {
  const [came, isOut] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { database, store } = await losing("is lost", () => (came.resolve(), isOut.promise));
  let attempts = 0;
  const doomed = posting("doomed").all("both", {
    left: (chain) => chain.sql("post", post),
    right: (chain) =>
      chain.step("fail", async () => {
        if (attempts++ > 0) return;
        await came.promise;
        setImmediate(() => isOut.resolve());
        throw new NonRetryableError("never");
      }),
  });
  const [id] = await enqueue(database.database, doomed, numbers(1));
  await poll(database.database, [doomed], { store });
  expect(await runRepository(database.database).findRun(id!)).toMatchObject({ status: "done", failures: [] });
  await database.assertInvariants();
});
