import type { Database } from "../db/database.ts";
import { maintenanceRepository } from "../db/maintenance-repository.ts";
import { buildIndexes, takeBack } from "../db/week-indexes.ts";
import type { Archive } from "../domain/archive.ts";
import type { Redact } from "../domain/redact.ts";
import { retentionRules, type ServiceRetention } from "../domain/retention.ts";
import { letGoWeeks } from "../engine/maintain/let-go-weeks.ts";
import type { Chore } from "../engine/maintain/maintain.ts";
import { sweepRollup } from "../engine/maintain/sweep-rollup.ts";

/** The parts of a service that the maintenance is made of; without any, everything is kept. */
export interface Keeping {
  /** How long ended runs are kept. Default: for ever. */
  readonly retention?: ServiceRetention | undefined;
  /** Takes runs before they go. Default: they go without. */
  readonly archive?: Archive | undefined;
  /** Masks secrets in what is logged. Default: `redactSecrets`. */
  readonly redact?: Redact | undefined;
}

/** What is done once a day, in this order: first what the others need. */
export function choresOn(database: Database, { retention = {}, archive }: Keeping): Chore[] {
  const store = maintenanceRepository(database);
  return [
    { name: "lent", run: async () => ({ takenBack: await takeBack(database) }) },
    { name: "weeks", run: async () => ({ ...(await store.keepWeeks()) }) },
    { name: "retention", run: (deadline) => letGoWeeks(store, retentionRules(retention), deadline, archive) },
    { name: "indexes", run: async (deadline) => ({ ...(await buildIndexes(database, () => deadline.remainingMs())) }) },
    { name: "rollup", run: (deadline) => sweepRollup(store, deadline) },
    { name: "daily", run: async () => store.refreshDaily().then(() => ({ refreshed: true })) },
    { name: "months", run: async () => ({ ...(await store.keepMonths()) }) },
  ];
}
