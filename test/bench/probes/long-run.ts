// W5: one run of 1,000 steps, in a warm process; prints how long each step took, from the start of
// its handler to the start of the next.
import { connect } from "../../../shared/db/connect.ts";
import { pollQueue } from "../../../shared/engine/poll/poll-queue.ts";
import { createClient } from "../../../shared/client.ts";
import { createPoller } from "../../support/poller.ts";
import { chainOf } from "../baton/workflows.ts";
import { payload } from "../contender.ts";

const steps = 1_000;
const database = connect({ url: process.argv[2]!, driver: "pg" });
const client = createClient({ database });

/** The milliseconds of each step of one run. */
async function oneRun(): Promise<number[]> {
  const begun: number[] = [];
  const workflow = chainOf(
    steps,
    () => 0,
    { started() {}, done() {} },
    () => begun.push(performance.now()),
  );
  await client.enqueue(workflow, payload);
  await pollQueue(createPoller(database, [workflow]));
  return begun.slice(1).map((at, n) => at - begun[n]!);
}

await oneRun();
const stepMs = await oneRun();
console.log(JSON.stringify({ stepMs }));
await database[Symbol.asyncDispose]();
