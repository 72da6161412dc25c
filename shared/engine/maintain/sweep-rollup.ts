import type { ChoreFacts, Deadline } from "./maintain.ts";

/** What a sweep needs of the database. */
export interface RollupStore {
  /** Looks at so many chunks that nobody has looked at for most of a day; how many there were. */
  sweepRollup(most: number): Promise<number>;
}

/** Chunks of one statement: 64 MB of a table. */
const batch = 64;
/** Chunks of one day, those of the newest weeks first: no more than a gigabyte is read. */
const mostADay = 1_024;
/** No batch is begun with less. */
const leastMs = 20_000;

/** Adds to the rollup what ticks have missed: rows in places that a vacuum freed. */
export async function sweepRollup(store: RollupStore, deadline: Deadline): Promise<ChoreFacts> {
  let chunks = 0;
  for (let looked = batch; looked > 0 && chunks < mostADay && deadline.remainingMs() >= leastMs; chunks += looked) {
    looked = await store.sweepRollup(batch);
  }
  return { chunks };
}
