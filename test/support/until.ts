import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks again until `condition` holds, by default every 20 ms. No verdict: after 100 seconds at
 * the least, just before a test's own time is over, it fails with the sentence `what`, so that one
 * sees what was waited for.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>, everyMs = 20): Promise<void> {
  for (let looks = 0; looks < 100_000 / everyMs; looks++) {
    if (await condition()) return;
    await pause(everyMs);
  }
  throw new Error(`Waited in vain until ${what}.`);
}
