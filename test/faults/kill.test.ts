import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { enqueue } from "../support/poller.ts";
import { seededRandom } from "../support/random.ts";
import { manifestOf, replaceHooks } from "../../infra/migrate/hooks.ts";
import { chargeTable, familyLedger, familyWorkflows } from "./kill/family-workflows.ts";
import { createSenders, verifyWaits } from "./kill/senders.ts";
import { killPollers } from "./kill/supervisor.ts";
import { RUNS_OF_FAMILY, RUNS_OF_SAGA, verifyFamilies } from "./kill/verify-families.ts";
import { longestGap, readLedger, storedNonces, verifyLedger } from "./kill/verify.ts";
import { entryTable } from "./kill/workflow.ts";

// BATON_KILLS sets the number: 40 with every change, 200 in `npm run test:kill`; BATON_SEED repeats
// a choice of points.
const kills = Number(process.env["BATON_KILLS"] ?? 40);
const runs = Math.max(1_000, kills * 25);
/** Those that wait for people and other systems: one with each kill. */
const waits = kills;
/** Those with children, and as many that are undone: two with each kill. */
const families = 2 * kills;
const all = runs + waits + families * (RUNS_OF_FAMILY + RUNS_OF_SAGA);

test(
  `pollers killed with -9 at any moment lose nothing, repeat no stored step, start children and hooks once and undo all (${kills} kills, ${runs} runs)`,
  { timeout: kills * 5_000 + 180_000 },
  async () => {
    const { random, seed } = seededRandom();
    await using database = await createTestDatabase();
    await database.query(entryTable + chargeTable);
    await replaceHooks({ url: database.ownerUrl, schema: "baton", manifest: manifestOf(familyWorkflows("", () => undefined)) });
    const folder = mkdtempSync(join(tmpdir(), "baton-ledger-"));
    const [ledgerFile, offers] = [join(folder, "ledger.jsonl"), join(folder, "offers.txt")];
    const senders = createSenders(database, offers, random);
    const producer = database.connect("producer");
    let [fed, fedWaits, fedFamilies] = [0, 0, 0];
    const feedWaits = async () => {
      const n = ++fedWaits;
      const [id] = await enqueue(producer, { name: "waiting", version: 1 }, [{ n }]);
      await senders.signal({ id: id!, n });
    };
    const feedFamilies = async () => {
      const inputs = [{ n: ++fedFamilies }, { n: ++fedFamilies }];
      for (const name of ["family", "saga"]) await enqueue(producer, { name, version: 1 }, inputs);
    };
    const feed = async () => {
      await feedWaits();
      await feedFamilies();
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
      return row!.n === all;
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
    await verifyFamilies(database, familyLedger(ledgerFile), families);
    await database.assertInvariants();
    console.log(
      `kill test: ${runs} runs, ${kills} kills ${JSON.stringify(died.byPoint)}, ${extra} attempts beyond the first, ` +
        `longest from kill to continuation ${longestGap(ledger, died.deaths)} ms with leases of 1500 ms, seed ${seed}`,
    );
  },
);
