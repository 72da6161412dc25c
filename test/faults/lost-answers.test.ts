import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import type { Fault, FaultPlan } from "../../infra/local/faults.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { readLedger, verifyLedger } from "./kill/verify.ts";
import { entryTable, ledgerWorkflow } from "./kill/workflow.ts";

/** So many runs at first, and so many more each time that a fault has not been met twice yet. */
const RUNS = 300;
const MORE = 50;

const faults: readonly Fault[] = [
  { kind: "drop-before" },
  { kind: "drop-after" },
  { kind: "status-before", status: 503 },
  { kind: "status-after", status: 502 },
  { kind: "status-after", status: 507 },
  { kind: "no-code-after" },
  { kind: "truncate" },
  { kind: "garble" },
  { kind: "repeat", times: 2 },
  { kind: "repeat-concurrently" },
  { kind: "late-copy", ms: 5 },
  { kind: "late-copy", ms: 60 },
  { kind: "delay-before", ms: 20 },
  { kind: "delay-after", ms: 20 },
];

/**
 * Each request meets the fault of its own number, if any: whoever sends it, a seed gives the same
 * ones.
 */
function faultPlan(seed: number, met: Map<Fault, number>): FaultPlan {
  return ({ index }) => {
    const { random } = seededRandom(seed + index);
    if (random() < 0.6) return undefined;
    const fault = faults[Math.floor(random() * faults.length)]!;
    met.set(fault, (met.get(fault) ?? 0) + 1);
    return fault;
  };
}

async function pollUntilDone(database: TestDatabase, ledger: string, runs: number, failing: () => boolean): Promise<void> {
  const workflow = ledgerWorkflow({ ledger, afterEffect: () => {}, fails: failing });
  const poller = database.connect("poller");
  const open = async () => (await database.query<{ n: number }>("select count(*)::int as n from baton.ending"))[0]!.n < runs;
  while (await open()) await poll(poller, [workflow], { settings: { ttlMs: 5_000, batch: 30, concurrency: 10, lingerMs: 500 } });
}

test.each([1, 2, 3])(
  "answers lost, repeated, late and broken change nothing, though each sort was met twice: each step once, each sql node exactly once (%i)",
  { timeout: 300_000 },
  async () => {
    const { random, seed } = seededRandom();
    console.log(`BATON_SEED=${seed}`);
    await using database = await createTestDatabase();
    await database.query(entryTable);
    const ledgerFile = join(mkdtempSync(join(tmpdir(), "baton-ledger-")), "ledger.jsonl");
    const met = new Map<Fault, number>();
    const failing = () => random() < 0.02;
    const metTwice = () => faults.every((fault) => (met.get(fault) ?? 0) >= 2);
    // Of a driver that no fault concerns: how producers send again is told elsewhere.
    const producer = database.connect("producer", "pg");
    let runs = 0;
    database.neon.inject(faultPlan(seed, met));
    while (runs === 0 || !metTwice()) {
      const more = runs === 0 ? RUNS : MORE;
      const inputs = Array.from({ length: more }, (_, n) => ({ n: runs + n + 1 }));
      await enqueue(producer, { name: "ledger", version: 1 }, inputs);
      runs += more;
      await Promise.all([1, 2].map(() => pollUntilDone(database, ledgerFile, runs, failing)));
    }
    database.neon.inject(undefined);
    await database.neon.idle();
    await verifyLedger(database, readLedger(ledgerFile), runs);
    await database.assertInvariants();
  },
);
