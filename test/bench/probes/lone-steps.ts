// W8 and W9: runs alone, one after the other, in a warm process with the settings that a poller has
// by default; prints how long each took from the call that enqueued it to its end, when each of its
// steps began, and the round trip of `select 1`.
import { createClient } from "../../../shared/client.ts";
import { connect, type Driver } from "../../../shared/db/connect.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import { createPoller } from "../../support/poller.ts";
import { loneWorkflow } from "../baton/lone-workflows.ts";
import { payload } from "../contender.ts";
import type { LoneProbe, LoneRun, LoneTask, LoneTasks } from "../measurements/lone-steps.ts";
import { median } from "../measurements/statistics.ts";

const driver = process.env["BENCH_DRIVER"] as Driver;
const neonEndpoint = process.env["BENCH_NEON_ENDPOINT"];
const { tasks, runs } = JSON.parse(process.env["BENCH_TASKS"]!) as LoneTasks;
const database = connect({ url: process.argv[2]!, driver, ...(driver === "neon" && { neonEndpoint }) });
const client = createClient({ database });

async function oneRun({ shape, size }: LoneTask): Promise<LoneRun> {
  const begunMs: number[] = [];
  const workflow = loneWorkflow(shape, size, () => begunMs.push(performance.now()));
  const enqueuedAt = performance.now();
  await client.enqueue(workflow, payload);
  const { steps, failedRuns } = await pollQueue(createPoller(database, [workflow]));
  const wallMs = performance.now() - enqueuedAt;
  if (begunMs.length !== size || failedRuns > 0) throw new Error(`${begunMs.length} of ${size} began, ${steps} attempts are stored`);
  return { wallMs, begunMs };
}

async function roundTrip(): Promise<number> {
  const startedAt = performance.now();
  await database.query("select 1");
  return performance.now() - startedAt;
}

const trips: number[] = [];
for (let n = 0; n < 250; n++) trips.push(await roundTrip());
for (const task of tasks) await oneRun({ ...task, size: Math.min(task.size, 300) });
// In turn, so that a change of the machine's mood meets all alike.
const measured: LoneRun[][] = tasks.map(() => []);
for (let n = 0; n < runs; n++) for (const [at, task] of tasks.entries()) measured[at]!.push(await oneRun(task));
console.log(JSON.stringify({ roundTripMs: median(trips.slice(50)), measured } satisfies LoneProbe));
await database[Symbol.asyncDispose]();
