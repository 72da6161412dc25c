import type { Database } from "../db/database.ts";
import type { Logger } from "../domain/node.ts";
import { maintain } from "../engine/maintain/maintain.ts";
import { choresOn, type Keeping } from "../lambda/chores.ts";
import { errorFields } from "../lambda/error-fields.ts";

const DAY_MS = 86_400_000;
/** A process that is started again and again need not begin with it each time. */
const FIRST_MS = 10 * 60_000;

/**
 * Does what is done once a day beside the polling, for the first time after ten minutes. Several
 * processes that do it at once are harmless.
 */
export function dailyMaintenance(keeping: Keeping, database: Database, logger: Logger): { close(): Promise<void> } {
  let leftMs = DAY_MS;
  let running: Promise<void> = Promise.resolve();
  const deadline = { remainingMs: () => leftMs };
  const once = async () => {
    await maintain({ chores: choresOn(database, keeping), logger, deadline }).catch((thrown: unknown) =>
      logger.error("the maintenance failed; it comes again in a day", { error: errorFields(thrown) }),
    );
  };
  const first = setTimeout(() => begin(), FIRST_MS).unref();
  const daily = setInterval(() => begin(), DAY_MS).unref();
  function begin(): void {
    running = once();
  }
  return {
    close: async () => {
      clearTimeout(first);
      clearInterval(daily);
      // What it has not come to, another one does.
      leftMs = 0;
      await running;
    },
  };
}
