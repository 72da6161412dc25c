import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import * as z from "zod";
import { DatabaseUnknownOutcomeError } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { type Clock, type RunStore } from "../../shared/engine/ports.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { claimRequest } from "../support/engine-calls.ts";
import { enqueue, poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

/** A clock in the test's hands: it calls back what is due whenever it is set forward. */
function handClock() {
  let now = 0;
  const waiting = new Map<() => void, number>();
  const clock: Clock = {
    now: () => now,
    after(milliseconds, callback) {
      const once = () => void (waiting.delete(once) && callback());
      waiting.set(once, now + Math.max(0, milliseconds));
      if (milliseconds <= 0) setImmediate(once);
      return () => void waiting.delete(once);
    },
  };
  const forward = (milliseconds: number) => {
    now += milliseconds;
    for (const [callback, at] of waiting) if (at <= now) callback();
  };
  return { clock, forward };
}

/** A workflow whose first step returns at once, and whose second is held until `release`. */
function held(name: string) {
  const seen = { starts: 0, release: () => {} };
  const workflow = defineWorkflow({ name, version: 1, input: z.object({ n: z.int() }) })
    .step("a", () => 1)
    .step("b", { timeout: "4 minutes" }, () => new Promise<null>((resolve) => (seen.starts++, (seen.release = () => resolve(null)))));
  return { workflow, seen };
}

/** The store of a database, with the rounds that were sent: how many results each had. */
function counting(database: TestDatabase, overrides: Partial<RunStore> = {}) {
  const repository = runRepository(database.connect("poller"));
  const rounds: number[] = [];
  const store: RunStore = {
    ...repository,
    advance(token, round, request) {
      const { steps } = JSON.parse(request) as { steps?: { run: unknown[] } };
      rounds.push(steps?.run.length ?? 0);
      return (overrides.advance ?? repository.advance)(token, round, request);
    },
    ...(overrides.claim && { claim: overrides.claim }),
  };
  return { store, rounds };
}

test("an answer that was lost does not put the heartbeat off: the lease runs from when its round was first sent", async () => {
  await using database = await createTestDatabase();
  const { workflow, seen } = held("repeated");
  const { clock, forward } = handClock();
  await enqueue(database.database, workflow, [{ n: 1 }]);
  const repository = runRepository(database.connect("poller"));
  let answers = 0;
  const { store, rounds } = counting(database, {
    async advance(...call) {
      const answer = await repository.advance(...call);
      if (++answers > 1) return answer;
      // Applied, and 11 seconds later nobody has heard of it: a third of the lease is over.
      forward(11_000);
      throw new DatabaseUnknownOutcomeError("the answer was lost", {});
    },
  });
  const polling = poll(database.database, [workflow], { store, clock, random: () => 0, settings: { gatherMs: 0 } });
  await until("a heartbeat went out", () => rounds.length > 2);
  expect(rounds.slice(0, 3)).toEqual([1, 1, 0]);
  await until("the second step runs", () => seen.starts === 1);
  seen.release();
  await polling;
  await database.assertInvariants();
});

test("a claim whose answer was lost does not put the heartbeat off either", async () => {
  await using database = await createTestDatabase();
  const { workflow, seen } = held("claimed-again");
  const { clock, forward } = handClock();
  const [id] = await enqueue(database.database, workflow, [{ n: 1 }]);
  await database.query("insert into baton.checkpoint select id, 'a', 0, 1, now(), now(), '1' from baton.run where id = $1", [id]);
  const repository = runRepository(database.connect("poller"));
  let claims = 0;
  const { store, rounds } = counting(database, {
    async claim(...call) {
      const answer = await repository.claim(...call);
      if (++claims > 1) return answer;
      forward(11_000);
      throw new DatabaseUnknownOutcomeError("the answer was lost", {});
    },
  });
  const polling = poll(database.database, [workflow], { store, clock, random: () => 0, settings: { gatherMs: 0 } });
  await until("a heartbeat went out", () => rounds.length > 0);
  expect(rounds[0]).toBe(0);
  await until("the step runs", () => seen.starts === 1);
  seen.release();
  await polling;
  await database.assertInvariants();
});

test("a lease that claims no more beats on, for as long as its handlers run", async () => {
  await using database = await createTestDatabase();
  const { workflow, seen } = held("suspect");
  const { clock, forward } = handClock();
  await enqueue(database.database, workflow, [{ n: 1 }]);
  // Another poller claims it and dies, so that this one has it as a suspect.
  await runRepository(database.connect("poller")).claim(randomUUID(), claimRequest());
  await database.advance("31 seconds");
  const { store, rounds } = counting(database);
  const polling = poll(database.database, [workflow], { store, clock, settings: { gatherMs: 0 } });
  await until("the second step runs", () => seen.starts === 1);
  const before = rounds.length;
  for (let beats = 1; beats <= 4; beats++) {
    // Less than a third of the lease says nothing; the rest of it does.
    forward(9_000);
    forward(1_100);
    await until("it beats", () => rounds.length === before + beats);
  }
  expect(rounds.slice(before)).toEqual([0, 0, 0, 0]);
  seen.release();
  await polling;
  // By the clock of the test the step took longer than the whole test does by the database's: the
  // times are not asked.
  expect(await database.query("select status from baton.ending")).toEqual([{ status: "done" }]);
});
