import { cpus, loadavg, release, totalmem } from "node:os";
import type { BenchServer } from "./server.ts";
import { serverSettings } from "./server.ts";

/**
 * One thing that is measured; run gives its figures, and notes what is worth knowing of who was
 * measured.
 */
export interface Measurement {
  readonly id: string;
  readonly title: string;
  /** The figure that the progress line shows. */
  readonly shown: string;
  /** Not in every round: some take minutes. */
  readonly rounds?: number;
  run(server: BenchServer): Promise<object>;
}

/**
 * What was measured: every raw value, in the order of the rounds, and the machine's load when each
 * began.
 */
export interface Results {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly server: Readonly<Record<string, unknown>>;
  readonly measurements: Record<string, MeasuredValues>;
}

export interface MeasuredValues {
  readonly title: string;
  about?: Readonly<Record<string, unknown>>;
  readonly values: Record<string, number[]>;
  readonly load: number[];
  readonly errors?: string[];
}

/**
 * Measures everything once a round, so that a change of the machine's mood meets all alike: A B A
 * B.
 */
export async function runSuite(server: BenchServer, measurements: readonly Measurement[], rounds: number): Promise<Results> {
  const results = emptyResults(server);
  for (let round = 1; round <= rounds; round++) {
    for (const [n, measurement] of measurements.entries()) {
      if (round > (measurement.rounds ?? rounds)) continue;
      const where = `round ${round}/${rounds}  ${n + 1}/${measurements.length}`;
      await measureOnce(server, measurement, results, where);
    }
  }
  return results;
}

async function measureOnce(server: BenchServer, measurement: Measurement, results: Results, where: string): Promise<void> {
  const { id, title, shown } = measurement;
  const measured = (results.measurements[id] ??= { title, values: {}, load: [] });
  const load = loadavg()[0]!;
  const startedAt = performance.now();
  try {
    const figures = { ...(await measurement.run(server)) } as Record<string, unknown>;
    for (const [name, value] of Object.entries(figures)) {
      if (typeof value === "number") (measured.values[name] ??= []).push(value);
      else measured.about = { ...measured.about, [name]: value };
    }
    measured.load.push(load);
    const value = Number(figures[shown]).toLocaleString("en", { maximumFractionDigits: 1 });
    console.log(`${where}  ${title}: ${value} ${shown}  (load ${load.toFixed(2)}, ${seconds(startedAt)} s)`);
  } catch (thrown) {
    console.log(`${where}  ${title}: FAILED, ${(thrown as Error).message}`);
    Object.assign(measured, { errors: [...(measured.errors ?? []), String(thrown)] });
  }
}

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(0);

function emptyResults(server: BenchServer): Results {
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  return { startedAt: new Date().toISOString(), machine, server: { postgres: server.version, ...serverSettings }, measurements: {} };
}
