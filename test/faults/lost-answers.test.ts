import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Fault } from "../../infra/local/faults.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { enqueue, poll } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { readLedger, verifyLedger } from "./kill/verify.ts";
import { entryTable, ledgerWorkflow } from "./kill/workflow.ts";

const runs = 300;

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

async function pollUntilDone(database: TestDatabase, ledger: string, failing: () => boolean): Promise<void> {
  const workflow = ledgerWorkflow({ ledger, afterEffect: () => {}, fails: failing });
  const poller = database.connect("poller");
  const open = async () => (await database.query<{ n: number }>("select count(*)::int as n from baton.ending"))[0]!.n < runs;
  while (await open()) await poll(poller, [workflow], { settings: { ttlMs: 5_000, batch: 30, concurrency: 10, lingerMs: 500 } });
}

test.each([1, 2, 3])(
  "answers lost, repeated, late and broken change nothing: each step once, each sql node exactly once (%i)",
  { timeout: 120_000 },
  async () => {
    const { random, seed } = seededRandom();
    console.log(`BATON_SEED=${seed}`);
    await using database = await createTestDatabase();
    await database.query(entryTable);
    const ledgerFile = join(mkdtempSync(join(tmpdir(), "baton-ledger-")), "ledger.jsonl");
    await enqueue(
      database.connect("producer"),
      { name: "ledger", version: 1 },
      Array.from({ length: runs }, (_, n) => ({ n: n + 1 })),
    );
    let met = Math.floor(random() * faults.length);
    const first = met;
    database.neon.inject(() => (random() < 0.6 ? undefined : faults[met++ % faults.length]));
    const failing = () => random() < 0.02;
    await Promise.all([pollUntilDone(database, ledgerFile, failing), pollUntilDone(database, ledgerFile, failing)]);
    database.neon.inject(undefined);
    await database.neon.idle();
    await verifyLedger(database, readLedger(ledgerFile), runs);
    await database.assertInvariants();
    expect(met - first, "every fault was met, and more than once").toBeGreaterThan(2 * faults.length);
  },
);
