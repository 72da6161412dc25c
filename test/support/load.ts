import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import type { Driver, TestDatabase } from "./database.ts";
import { poll } from "./poller.ts";
import { until } from "./until.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const BATCH = 4;

/** Producers and pollers that work until they are told to end. */
export interface Load extends AsyncDisposable {
  /** Runs that a producer was told are stored. */
  accepted(): number;
  /** How many runs have been booked and are done. */
  done(): Promise<number>;
  /** The longest time that a claim took, in milliseconds; for people to read. */
  longestClaim(): number;
  /** Waits until so many more runs are done. */
  goesOn(runs: number): Promise<void>;
  /**
   * Ends the producers, lets the pollers finish, and asserts that nothing was refused, lost or
   * repeated. redriven: how many failed runs of the workflow were there before and were let go on.
   */
  finish(redriven?: number): Promise<{ runs: number }>;
}

/**
 * Two steps, and a booking that nothing but the engine keeps from being made twice; calls counts
 * the attempts of each step.
 */
function bookingWorkflow(calls: Map<string, number>) {
  const count = (key: string) => void calls.set(key, (calls.get(key) ?? 0) + 1);
  return defineWorkflow({ name: "booking", version: 1, input: z.object({ n: z.int() }) })
    .step("first", ({ input }, { idempotencyKey }) => (count(idempotencyKey), input.n))
    .step("second", ({ first }, { idempotencyKey }) => (count(idempotencyKey), first + 1))
    .sql("book", ({ second }, { runId }) => ({
      statements: [{ text: "insert into test.booking values ($1, $2)", values: [runId, second] }],
      output: second,
    }));
}

/** Where sql nodes of tests write; nothing in it keeps a run from being booked twice. */
export const BOOKING = `
  create schema if not exists test;
  grant usage on schema test to public;
  create table test.booking (run_id uuid not null, n int not null);
  grant insert on test.booking to baton_poller;
`;

/**
 * Starts one producer and two pollers, each with connections of its own, one of them through either
 * driver.
 */
export async function startLoad(database: TestDatabase): Promise<Load> {
  await database.query(BOOKING);
  const calls = new Map<string, number>();
  const workflow = bookingWorkflow(calls);
  const thrown: unknown[] = [];
  const now = { accepted: 0, producing: true, polling: true, longestClaim: 0 };

  async function produce(): Promise<void> {
    const client = createClient({ database: database.connect("producer", "pg"), logger: silent });
    for (let n = 0; now.producing; n++) {
      const runs = Array.from({ length: BATCH }, () => ({ input: { n } }));
      await client.enqueueMany(workflow, runs).then(
        ({ length }) => (now.accepted += length),
        (error: unknown) => thrown.push(error),
      );
      await pause(10);
    }
  }
  async function pollOn(driver: Driver): Promise<void> {
    const connection = database.connect("poller", driver);
    const store = timed(connection);
    const settings = { batch: 20, lingerMs: 50 };
    while (now.polling) {
      await poll(connection, [workflow], { store, settings }).catch((error: unknown) => thrown.push(error));
      await pause(10);
    }
  }
  /** The engine's calls, of which each claim is timed. */
  function timed(connection: Database): RunStore {
    const store = runRepository(connection);
    const claim: RunStore["claim"] = async (...values) => {
      const began = performance.now();
      const answer = await store.claim(...values);
      now.longestClaim = Math.max(now.longestClaim, performance.now() - began);
      return answer;
    };
    return { ...store, claim };
  }
  const done = async () =>
    Number(
      (await database.query("select count(*) from baton.ending join test.booking using (run_id) where status = 'done'"))[0]?.["count"],
    );
  const works = [produce(), pollOn("neon"), pollOn("pg")];
  const end = async () => {
    now.producing = now.polling = false;
    await Promise.all(works);
  };
  return {
    accepted: () => now.accepted,
    done,
    goesOn: async (runs) => {
      const before = await done();
      await until(`${runs} more runs are done`, async () => (await done()) >= before + runs);
    },
    longestClaim: () => now.longestClaim,
    finish: async (redriven = 0) => {
      now.producing = false;
      await works[0];
      const runs = now.accepted + redriven;
      await until("all runs are done", async () => thrown.length > 0 || (await done()) === runs);
      await end();
      expect(thrown, "no call was refused").toEqual([]);
      expect(
        [...calls].filter(([, count]) => count !== 1),
        "each step was attempted once",
      ).toEqual([]);
      const [row] =
        await database.query(`select (select count(*) from baton.run)::int as runs, (select count(*) from baton.failure)::int as failures,
        (select count(*) from test.booking)::int as bookings, (select count(distinct run_id) from test.booking)::int as booked`);
      expect(row, "each run was booked once").toEqual({ runs, failures: redriven, bookings: runs, booked: runs });
      await database.assertInvariants();
      return { runs };
    },
    [Symbol.asyncDispose]: end,
  };
}
