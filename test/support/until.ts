import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks again every 20 ms until `condition` holds. No verdict: after 100 seconds at the least, just
 * before a test's own time is over, it fails with the sentence `what`, so that one sees what was
 * waited for.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 5_000; looks++) {
    if (await condition()) return;
    await pause(20);
  }
  throw new Error(`Waited in vain until ${what}.`);
}
