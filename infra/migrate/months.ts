import type { Deployment } from "./turn.ts";
import { inTurn } from "./turn.ts";
import { findPartman, handOver, howToUse } from "./partman.ts";

/** The table whose months these are. */
const AUDIT = "baton.audit";

/**
 * Makes the months of the audit that are missing, and says who keeps them from now on: pg_partman
 * where it is installed and may be used, else Baton.
 */
export async function keepMonths(deployment: Deployment): Promise<void> {
  const { client, log } = deployment;
  const { by, partman } = await inTurn(deployment, async () => {
    const partman = await findPartman(client, AUDIT);
    if (partman.usable && !partman.handed) await handOver(client, partman, AUDIT);
    const { rows } = await client.query<{ by: string }>("select baton.keep_months() ->> 'by' as by");
    return { by: rows[0]!.by, partman };
  });
  if (by === "pg_partman") return log(`the months of ${AUDIT} are kept by pg_partman ${partman.version}`);
  log(`the months of ${AUDIT} are kept by Baton itself${howToUse(partman)}`);
}
