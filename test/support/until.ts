import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks again every 20 ms until `condition` holds, and fails with the sentence `what` after about
 * 20 seconds.
 */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 1000; looks++) {
    if (await condition()) return;
    await pause(20);
  }
  throw new Error(`Waited in vain until ${what}.`);
}
