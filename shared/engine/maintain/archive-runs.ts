import { createHash } from "node:crypto";
import { type Archive, ArchiveError } from "../../domain/archive.ts";
import type { Week } from "../../domain/retention.ts";
import type { Deadline } from "./maintain.ts";

/** Runs that have expired, column by column, in the order of their ids. */
export interface ExpiredRuns {
  readonly ids: readonly string[];
  /** Each run as a line for the archive. */
  readonly lines: readonly string[];
  /** Behind which id to go on; null: the week is done. */
  readonly past: string | null;
}

/** Runs that an archive has taken: their ids, and the SHA-256 of each one's line in hex. */
export interface TakenRuns {
  readonly ids: readonly string[];
  readonly digests: readonly string[];
}

const longestMs = 60_000;
/** What is left, of the time there is, to let go what was taken. */
const reserveMs = 5_000;

/** Hands a batch to the archive; throws ArchiveError unless all of it was taken in time. */
export async function archiveRuns(archive: Archive, { starts }: Week, { ids, lines }: ExpiredRuns, deadline: Deadline): Promise<TakenRuns> {
  const digests = lines.map((line) => createHash("sha256").update(line).digest("hex"));
  const digest = createHash("sha256").update(digests.join()).digest("hex").slice(0, 16);
  const name = `${starts.slice(0, 10)}/${ids[0]}-${digest}.jsonl`;
  try {
    await inTime(Math.min(longestMs, deadline.remainingMs() - reserveMs), (signal) => archive({ name, lines, signal }));
  } catch (thrown) {
    throw new ArchiveError(name, ids.length, thrown);
  }
  return { ids, digests };
}

/**
 * Not by AbortSignal.timeout, whose timer keeps no process alive. What throws before it promises
 * anything must not leave the timer behind.
 */
async function inTime(ms: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  let reject!: (reason: Error) => void;
  const over = new Promise<never>((_, refuse) => (reject = refuse));
  const timer = setTimeout(() => {
    const reason = new Error(`It took longer than ${ms} ms.`);
    controller.abort(reason);
    reject(reason);
  }, ms);
  const took = async () => work(controller.signal);
  await Promise.race([took(), over]).finally(() => clearTimeout(timer));
}
