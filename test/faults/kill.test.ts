import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { enqueue } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { createSenders, verifyWaits } from "./kill/senders.ts";
import { killPollers } from "./kill/supervisor.ts";
import { longestGap, readLedger, storedNonces, verifyLedger } from "./kill/verify.ts";
import { entryTable } from "./kill/workflow.ts";

// BATON_KILLS sets the number: 40 with every change, 200 in `npm run test:kill`; BATON_SEED repeats
// a choice of points.
const kills = Number(process.env["BATON_KILLS"] ?? 40);
const runs = Math.max(1_000, kills * 25);
/** Those that wait for people and other systems: one with each kill. */
const waits = kills;

test(
  `pollers killed with -9 at any moment lose nothing and repeat no stored step (${kills} kills, ${runs} runs)`,
  { timeout: kills * 5_000 + 180_000 },
  async () => {
    const { random, seed } = seededRandom();
    await using database = await createTestDatabase();
    await database.query(entryTable);
    const folder = mkdtempSync(join(tmpdir(), "baton-ledger-"));
    const [ledgerFile, offers] = [join(folder, "ledger.jsonl"), join(folder, "offers.txt")];
    const senders = createSenders(database, offers, random);
    const producer = database.connect("producer");
    let [fed, fedWaits] = [0, 0];
    const feedWaits = async () => {
      const n = ++fedWaits;
      const [id] = await enqueue(producer, { name: "waiting", version: 1 }, [{ n }]);
      await senders.signal({ id: id!, n });
    };
    const feed = async () => {
      await feedWaits();
      const from = fed;
      fed += runs / kills;
      const inputs = Array.from({ length: runs / kills }, (_, n) => ({ n: from + n + 1 }));
      await enqueue(producer, { name: "ledger", version: 1 }, inputs);
    };
    const seen = new Map<string, string>();
    const finished = async () => {
      for (const [key, nonce] of await storedNonces(database)) {
        expect(nonce, `${key} changed after it was stored`).toBe(seen.get(key) ?? nonce);
        seen.set(key, nonce);
      }
      const [row] = await database.query<{ n: number }>("select count(*)::int as n from baton.ending");
      return row!.n === runs + waits;
    };
    const watch = setInterval(() => void finished(), 2_000);
    const over = new AbortController();
    const answering = (async () => {
      for (; !over.signal.aborted; await pause(50)) await senders.answerOffers();
    })();
    const died = await killPollers({ database, ledger: ledgerFile, offers, ttlMs: 1_500, kills, random, feed, finished }).finally(() => {
      clearInterval(watch);
      over.abort();
    });
    await answering;
    const ledger = readLedger(ledgerFile);
    const { extra } = await verifyLedger(database, ledger, runs);
    await verifyWaits(database, waits);
    await database.assertInvariants();
    console.log(
      `kill test: ${runs} runs, ${kills} kills ${JSON.stringify(died.byPoint)}, ${extra} attempts beyond the first, ` +
        `longest from kill to continuation ${longestGap(ledger, died.deaths)} ms with leases of 1500 ms, seed ${seed}`,
    );
  },
);
