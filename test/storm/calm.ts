import { statSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import type { Ledger } from "./ledger.ts";
import { redriveFailed } from "./operators.ts";
import type { StormServer } from "./server.ts";
import { IS_UNDONE } from "./watch.ts";

/**
 * Nothing lasts longer than a lease and a retry, but a machine may be slow: only a standstill of
 * this length is a verdict.
 */
const STANDSTILL_MS = 180_000;

const OPEN = `
  select count(*)::int as open, count(*) filter (where e.status = 'failed')::int as failed
  from baton.run r left join baton.ending e on e.run_id = r.id
  where e.status is distinct from 'done' and e.status is distinct from 'cancelled' and not (e.run_id is not null and ${IS_UNDONE})`;

/**
 * Waits until every run is done, cancelled or undone, and redrives what failed: nothing stands in
 * the way of anything now.
 */
export async function calmDown(server: StormServer, operator: Database, ledger: Ledger): Promise<void> {
  const runs = runRepository(operator);
  for (let [before, since] = ["", Date.now()]; ;) {
    const { open, failed } = await openRuns(server);
    if (open === 0) return;
    if (failed > 0) await redriveFailed(runs);
    const now = `${open} ${failed} ${attemptBytes(server)}`;
    if (now !== before) [before, since] = [now, Date.now()];
    if (Date.now() - since > STANDSTILL_MS) return ledger.problem(`${open} runs stand still, ${failed} of them failed`);
    await pause(300);
  }
}

async function openRuns(server: StormServer): Promise<{ open: number; failed: number }> {
  return withClient(server.ownerUrl, async (client) => (await client.query<{ open: number; failed: number }>(OPEN)).rows[0]!);
}

function attemptBytes({ folder }: StormServer): number {
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return files.reduce((bytes, name) => bytes + statSync(join(folder, name)).size, 0);
}
