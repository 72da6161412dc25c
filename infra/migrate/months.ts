import type { Deployment } from "./turn.ts";
import { inTurn } from "./turn.ts";
import { rename } from "./names.ts";
import { findPartman, handOver, howToUse } from "./partman.ts";

/**
 * Makes the months of the audit that are missing, and says who keeps them from now on: pg_partman
 * where it is installed and may be used, else Baton.
 */
export async function keepMonths(deployment: Deployment): Promise<void> {
  const { send, names, log } = deployment;
  const audit = rename("baton.audit", names);
  const { by, partman } = await inTurn(deployment, async () => {
    const partman = await findPartman(deployment.client, audit);
    if (partman.usable && !partman.handed) await handOver(deployment, partman, audit);
    const { rows } = await send<{ by: string }>("select baton.keep_months() ->> 'by' as by");
    return { by: rows[0]!.by, partman };
  });
  if (by === "pg_partman") return log(`the months of ${audit} are kept by pg_partman ${partman.version}`);
  log(`the months of ${audit} are kept by Baton itself${howToUse(partman)}`);
}
