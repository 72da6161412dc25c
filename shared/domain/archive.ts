/** Runs that are to go, as JSON lines. */
export interface ArchiveBatch {
  /**
   * Such as `2026-11-23/019a…-3f2a….jsonl`: the week, the first run, and a digest of the lines, so
   * that the same lines have the same name and others another.
   */
  readonly name: string;
  /** A run each, without a line break. */
  readonly lines: readonly string[];
  /** Aborted when the time is over; what is stored afterwards is stored again. */
  readonly signal: AbortSignal;
}

/**
 * Takes a batch of runs before they go: it resolves when the lines are stored for good. If it
 * throws, or takes longer than a minute, they stay. The same batch may come again.
 */
export type Archive = (batch: ArchiveBatch) => Promise<void>;

/** An archive did not take a batch of runs. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
  readonly batch: string;

  constructor(batch: string, runs: number, cause: unknown) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    const advice = "See what it says, and run the maintenance again.";
    super(`The archive did not take ${runs} runs as ${batch}, so they were kept. ${advice} ${reason}`, { cause });
    this.batch = batch;
  }
}
