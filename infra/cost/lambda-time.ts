import type { Figures, Time } from "./figures.ts";
import { hoursOfMonth, type Workload } from "./workload.ts";

/** MB at which Lambda gives a function one whole vCPU. */
const wholeCpuMb = 1_769;
/** The asynchronous Invoke that wakes the poller, awaited by `enqueue-run`: an assumption. */
const nudgeMs = 25;
/** A request wakes a poller for every 250 runs, four at most: docs/decisions/0032. */
export const nudgesOf = (burst: number) => Math.min(4, Math.ceil(burst / 250));
/**
 * Statements of an invocation of the poller beside the rounds of its steps: counted, see
 * `test/bench`.
 */
const statementsBesideRounds = 3;
const measuredSteps = 3;

/**
 * Statements of an invocation of the poller for one run that comes alone, and of a whole lone run,
 * its enqueue included.
 */
const loneStatements = (steps: number) => steps + statementsBesideRounds;
export const runStatements = (steps: number) => loneStatements(steps) + 1;

/**
 * Milliseconds of what was measured, on the part of a vCPU that a function with so much memory has.
 */
export function slowed({ wallMs, cpuMs }: Time, memory: number): number {
  return wallMs + cpuMs * (Math.max(1, wholeCpuMb / memory) - 1);
}

/**
 * How often the handlers of one step must run one batch after the other, because not all may at the
 * same time.
 */
const waves = ({ burst, concurrency }: Workload) => Math.ceil(burst / concurrency);

/**
 * Milliseconds of one invocation of the poller that works one burst: its statements, each with its
 * round trip, the steps' own time, and what each further run of the burst adds.
 */
export function pollerMs(workload: Workload, figures: Figures): number {
  const { burst, steps, stepMs, memory, distanceMs } = workload;
  const rounds = loneStatements(steps * waves(workload));
  const statementMs = slowed(figures.lone, memory) / loneStatements(measuredSteps) + distanceMs;
  return rounds * statementMs + steps * waves(workload) * stepMs + (burst - 1) * steps * slowed(figures.step, memory);
}

/** Milliseconds of an invocation of `enqueue-run` that stores one burst; memory in MB. */
export function enqueueMs({ burst, distanceMs }: Workload, figures: Figures, memory: number): number {
  const further = { wallMs: figures.enqueuedMs, cpuMs: figures.enqueuedMs };
  return slowed(figures.post, memory) + distanceMs + nudgeMs + (burst - 1) * slowed(further, memory);
}

/** Milliseconds of an invocation of the schedule with nothing to do: two statements. */
export function lookMs({ memory, distanceMs }: Workload, figures: Figures): number {
  return slowed(figures.look, memory) + 2 * distanceMs;
}

/** CPU seconds of the database for all runs. */
export function databaseSeconds({ runs, burst, steps }: Workload, figures: Figures): number {
  const lone = (figures.loneServerMs * runStatements(steps)) / runStatements(measuredSteps);
  const further = figures.enqueuedMs + steps * figures.stepServerMs;
  return ((runs / burst) * (lone + (burst - 1) * further)) / 1_000;
}

/**
 * `reservedConcurrency` of serverless.yml: so many pollers work at the same time, and those
 * that are nudged work with them.
 */
const pollers = 5;

/**
 * Milliseconds of all pollers in a month: one invocation for each burst, until the reserved pollers
 * would never rest. Then they work full batches, in which handlers share the time, and more of them
 * are needed when that is not enough.
 */
export function allPollersMs(workload: Workload, figures: Figures): number {
  const { runs, burst, steps, stepMs, memory, concurrency } = workload;
  const alone = (runs / burst) * pollerMs(workload, figures);
  const batched = runs * steps * (stepMs / concurrency + slowed(figures.step, memory));
  return Math.max(Math.min(alone, pollers * hoursOfMonth * 3_600_000), batched);
}
