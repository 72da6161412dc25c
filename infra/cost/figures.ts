import { readFileSync } from "node:fs";
import * as z from "zod";

/** What `npm run bench:cost` measured: every value of each round. */
const Results = z.object({
  startedAt: z.string(),
  measurements: z.record(z.string(), z.object({ values: z.record(z.string(), z.array(z.number()).min(1)) })),
});

/**
 * Milliseconds of wall clock and, of these, of CPU; measured beside the database, on a whole core.
 */
export interface Time {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/**
 * Bytes at payloads of 200 and of 1,000 bytes: between and beyond them they grow in a straight
 * line.
 */
export interface Growing {
  readonly at200: number;
  readonly at1000: number;
}

/** Medians of what was measured with three-step runs. */
export interface Figures {
  readonly measuredOn: string;
  /**
   * An invocation of the poller for one run that came alone; of `enqueue-run` for one run; and of
   * the schedule with nothing to do.
   */
  readonly lone: Time;
  readonly post: Time;
  readonly look: Time;
  /** CPU of the database for a lone run from enqueue to done, and its WAL. */
  readonly loneServerMs: number;
  readonly loneWalBytes: number;
  /** One step within a batch of 100. */
  readonly step: Time;
  readonly stepServerMs: number;
  /** One run more in a call that enqueues many. */
  readonly enqueuedMs: number;
  readonly enqueueWalBytes: Growing;
  readonly stepWalBytes: Growing;
  /** What stays on disk, indexes included: of each step, and of each run beside them. */
  readonly stepStoredBytes: Growing;
  readonly runStoredBytes: Growing;
}

const file = new URL("../../docs/benchmarks/cost.json", import.meta.url);

/**
 * The median of a figure of a measurement; throws when there is none, since a bill with a gap in it
 * would be too small.
 */
export type Measured = (id: string, name: string) => number;

/** Reads docs/benchmarks/cost.json. */
export function readMeasured(): { readonly measuredOn: string; readonly of: Measured } {
  const { startedAt, measurements } = Results.parse(JSON.parse(readFileSync(file, "utf8")));
  return { measuredOn: startedAt.slice(0, 10), of: (id, name) => median(measurements[`cost/${id}`]?.values[name] ?? []) };
}

/** What the bills are calculated with. */
export function readFigures(): Figures {
  const { measuredOn, of } = readMeasured();
  const growing = (figure: (id: string) => number): Growing => ({ at200: figure("storage/200"), at1000: figure("storage/1000") });
  const perStep = (name: string) => of("invocation/100", name) / of("invocation/100", "steps");
  const time = (name: string): Time => ({ wallMs: of("lone", `${name}Ms`), cpuMs: of("lone", `${name}CpuMs`) });
  return {
    measuredOn,
    lone: time("poller"),
    post: time("enqueue"),
    look: time("look"),
    loneServerMs: of("lone", "serverCpuMicroseconds") / 1_000,
    loneWalBytes: of("lone", "walBytes"),
    step: { wallMs: perStep("wallMs"), cpuMs: perStep("pollerCpuMs") },
    stepServerMs: of("invocation/100", "serverCpuMsPer1000Steps") / 1_000,
    enqueuedMs: 1_000 / of("storage/200", "enqueuedPerSecond"),
    enqueueWalBytes: growing((id) => of(id, "enqueueWalBytes")),
    stepWalBytes: growing((id) => of(id, "drainWalBytes") / 3),
    stepStoredBytes: growing((id) => of(id, "checkpointBytes") / 3),
    runStoredBytes: growing((id) => of(id, "storedBytes") - of(id, "checkpointBytes")),
  };
}

function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("docs/benchmarks/cost.json lacks a figure: measure it again with npm run bench:cost");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The bytes at payloads of so many bytes. */
export function bytesAt({ at200, at1000 }: Growing, payloadBytes: number): number {
  return Math.max(0, at200 + ((at1000 - at200) / 800) * (payloadBytes - 200));
}
