import { hoursOfMonth, type Workload } from "./workload.ts";

/**
 * How long a compute of Neon stays awake after the last statement, in seconds: the shortest that
 * each plan allows.
 */
const sleepsAfterSeconds = { launch: 300, scale: 60, free: 300 } as const;
/**
 * The idle gate closes with the next tick of the schedule that finds nothing due, which looks at
 * the database.
 */
const closesAfterSeconds = 60;
/** However idle, the schedule looks at the database once an hour, counted from the last look. */
const heartbeatHours = 1;

/**
 * Hours of a month in which the database is awake when only runs and the gate's heartbeat wake it.
 *
 * Bursts are taken to come one after the other at equal distances, which keeps it awake for longer
 * than the same bursts at random would. burstMs: how long one of them keeps the poller busy.
 */
export function awakeHours({ runs, burst, activeHours, neon }: Workload, burstMs: number): number {
  const sleepsAfter = sleepsAfterSeconds[neon];
  const bursts = runs / burst;
  const active = hoursOfMonth * (activeHours / 24);
  const working = Math.min(active, (bursts * (sleepsAfter + closesAfterSeconds + burstMs / 1_000)) / 3_600);
  const heartbeats = Math.max(0, active / heartbeatHours - bursts) + (hoursOfMonth - active) / heartbeatHours;
  return Math.min(hoursOfMonth, working + (heartbeats * sleepsAfter) / 3_600);
}

/** A database that is busy for more than half of its time would grow, and is billed for that. */
const mostBusy = 0.5;

/**
 * CU of the compute while it is awake: what was asked for, or what the CPU seconds of a month need;
 * a CU has about one vCPU.
 */
export function computeUnits(cu: number, cpuSeconds: number, hours: number): number {
  return Math.max(cu, cpuSeconds / (mostBusy * hours * 3_600));
}
