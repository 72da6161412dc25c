import { randomBytes } from "node:crypto";

/** W1: one no-op run. W2: a workflow of three steps, each with a 200-byte output. */
export type Workload = "W1" | "W2";

/** What every run is given and every step of W2 returns. */
// Not an interface, which would be no JSON to the compiler.
export type Payload = {
  readonly text: string;
  /** Milliseconds since the epoch, in measurements of latency only. */
  readonly sentAt?: number;
};

/**
 * What a worker tells while it works: `started` when a run's first step begins, `done` after its
 * last step returned.
 */
export interface Progress {
  readonly started: (payload: Payload) => void;
  readonly done: (payload: Payload) => void;
}

/** A worker of one process. */
export interface Worker {
  /** Takes no more, and resolves when nothing is running. */
  stop(): Promise<void>;
}

/**
 * One engine that takes part. A module of a contender has it as its default export; each
 * measurement imports it in a process of its own, so no method finds anything that another left in
 * memory.
 */
export interface Contender {
  readonly name: string;
  readonly version: string;
  /** What was tuned, as its own documentation advises; printed beside the figures. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Makes schema and queues in an empty database. */
  prepare(url: string): Promise<void>;
  /** A producer; `send` stores runs, as many at once as its API can. */
  openProducer(url: string, workload: Workload): Promise<{ send(payloads: readonly Payload[]): Promise<void>; close(): Promise<void> }>;
  /**
   * A warm worker that works on everything there is, and waits for more; mode: tuned for a backlog
   * or for low load.
   */
  startWorker(url: string, workload: Workload, mode: "backlog" | "low-load", progress: Progress): Promise<Worker>;
  /**
   * Counts the runs of a workload that are not finished in the database, as one row with
   * `unfinished`.
   */
  unfinishedSql(workload: Workload): string;
}

/** BENCH_PAYLOAD_BYTES makes it larger, for W5. */
const bytes = Number(process.env["BENCH_PAYLOAD_BYTES"] ?? 200);
export const payload: Payload = { text: incompressible(bytes - '{"text":""}'.length) };

/** Postgres compresses what is over 2 KB: a repeated letter would be stored as nothing. */
function incompressible(length: number): string {
  return randomBytes(length).toString("base64").slice(0, length);
}
