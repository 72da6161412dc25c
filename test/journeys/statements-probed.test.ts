import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

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
