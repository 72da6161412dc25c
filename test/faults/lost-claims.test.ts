import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";

const Input = z.object({ n: z.int() });

/**
 * A store whose first answer to each claim, and to each round that claims, is lost; it counts those
 * that told of begun runs.
 */
function losingClaims(database: TestDatabase) {
  const repository = runRepository(database.connect("poller"));
  const lost = { claims: 0, refills: 0 };
  const met = new Set<string>();
  function lose(call: string, kind: "claims" | "refills", runs: readonly ClaimedRun[]): void {
    if (met.has(call)) return;
    met.add(call);
    if (runs.some(({ outputs, failures }) => outputs !== null && failures !== null)) lost[kind]++;
    throw new DatabaseUnknownOutcomeError("the answer was lost", {});
  }
  const store: RunStore = {
    ...repository,
    async claim(token, request) {
      const answer = await repository.claim(token, request);
      lose(token, "claims", answer.runs);
      return answer;
    },
    async advance(token, round, request) {
      const answer = await repository.advance(token, round, request);
      if ("claim" in JSON.parse(request)) lose(`${token} ${round}`, "refills", answer.runs);
      return answer;
    },
  };
  return { store, lost };
}

test("when the answers of a claim and of refills of runs that had begun are lost, no step runs twice and no attempt is counted twice", async () => {
  await using database = await createTestDatabase();
  const called: string[] = [];
  const workflow = defineWorkflow({ name: "begun", version: 1, input: Input })
    .step("first", ({ input }) => (called.push(`first ${input.n}`), input.n))
    .step("second", { retry: { maxAttempts: 3, backoff: "1 minute", jitter: "none" } }, ({ first }, { attempt }) => {
      called.push(`second ${first} ${attempt}`);
      if (attempt === 1) throw new Error("once");
      return first;
    });
  const ids = await enqueue(
    database.database,
    workflow,
    Array.from({ length: 12 }, (_, n) => ({ n })),
  );
  // All have an output and a failure, and wait for their retry.
  await poll(database.connect("poller"), [workflow]);
  await database.advance("1 hour");
  const { store, lost } = losingClaims(database);
  await poll(database.connect("poller"), [workflow], { store, settings: { batch: 4, concurrency: 4 } });
  // no guess: 12 runs in leases of 4 need a claim and refills, and the first answer to each is lost
  expect(lost.claims).toBeGreaterThan(0);
  // no guess: as above
  expect(lost.refills).toBeGreaterThan(0);
  const expected = ids.flatMap((_, n) => [`first ${n}`, `second ${n} 1`, `second ${n} 2`]);
  expect(called.toSorted()).toEqual(expected.toSorted());
  expect(await database.query("select status, count(*)::int as runs from baton.ending group by 1")).toEqual([{ status: "done", runs: 12 }]);
  expect(await database.query("select count(*)::int as failures from baton.failure")).toEqual([{ failures: 12 }]);
  await database.assertInvariants();
});
