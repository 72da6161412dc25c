import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

/** A store whose first answer to a round is lost, and is given an hour later. */
function losingOne(database: TestDatabase): { readonly store: RunStore; readonly repeated: Promise<void> } {
  const repository = runRepository(database.connect("poller"));
  const { promise: repeated, resolve: repeat } = Promise.withResolvers<void>();
  let rounds = 0;
  return {
    repeated,
    store: {
      ...repository,
      async advance(...call) {
        const answer = await repository.advance(...call);
        if (++rounds === 2) repeat();
        if (rounds > 1) return answer;
        await database.advance("1 hour");
        throw new DatabaseUnknownOutcomeError("the answer was lost", {});
      },
    },
  };
}

test("a sleep that began in a round whose answer was lost ends when it was stored to end, for the poller that holds its run too", async () => {
  await using database = await createTestDatabase();
  const { store, repeated } = losingOne(database);
  const workflow = defineWorkflow({ name: "naps", version: 1, input: z.object({}) }).all("both", {
    nap: (chain) => chain.sleep("nap", "2 hours"),
    work: (chain) => chain.step("work", () => repeated),
  });
  await enqueue(database.database, workflow, [{}]);
  await poll(database.database, [workflow], { store });
  const [parked] = await database.query<{ ms: number }>(
    `select extract(epoch from q.run_at - c.finished_at)::float8 * 1000 as ms
     from baton.ready q join baton.checkpoint c using (run_id) where c.node = 'both/nap/nap'`,
  );
  expect(Math.abs(parked!.ms)).toBeLessThan(30 * 60_000);
});
