import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { pollBehindGate } from "../shared/engine/idle-gate.ts";
import { pollQueue } from "../shared/engine/poll-queue.ts";
import { newReport, type PollReport } from "../shared/engine/poll-report.ts";
import { guardProcess } from "../shared/lambda/guard-process.ts";
import { isNudge } from "../shared/lambda/nudge.ts";
import { pollerFor } from "../shared/lambda/poller-app.ts";
import { reportedError } from "../shared/lambda/reported-error.ts";

// For the checks, which load the workflows from the bundle that is deployed.
export { loadRegistry } from "../shared/lambda/poller-app.ts";

/**
 * The scheduled poller: claims due runs in batches and runs their steps until nothing is due or its
 * time is nearly up.
 * A producer's nudge opens the idle gate and needs no tick; the schedule's event stops at a closed
 * gate. One too many is harmless.
 */
// The poller keeps its own deadline, hence no early timeout.
export const handler = middy({ timeoutEarlyInMillis: 0 }).handler(async (event: unknown, context: Context) => {
  try {
    return await poll(isNudge(event), context);
  } catch (thrown) {
    throw reportedError(thrown);
  }
});

async function poll(nudged: boolean, context: Context): Promise<PollReport> {
  const { poller, gate, metrics } = pollerFor(context);
  const report = newReport();
  try {
    return await guardProcess({ ...poller, ticked: metrics }, (poller) =>
      gate === undefined ? pollQueue(poller, nudged, report) : pollBehindGate(poller, gate, nudged, report),
    );
  } finally {
    metrics(report);
  }
}
