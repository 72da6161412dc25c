import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { pollBehindGate } from "../shared/engine/idle-gate.ts";
import { newReport, pollQueue } from "../shared/engine/poll-queue.ts";
import { guardProcess } from "../shared/lambda/guard-process.ts";
import { isNudge } from "../shared/lambda/nudge.ts";
import { pollerFor } from "../shared/lambda/poller-app.ts";

/**
 * The scheduled poller: claims due runs in batches and runs their steps until nothing is due or its
 * time is nearly up.
 * A producer's nudge opens the idle gate and needs no tick; the schedule's event stops at a closed
 * gate. One too many is harmless.
 */
// The poller keeps its own deadline, hence no early timeout.
export const handler = middy({ timeoutEarlyInMillis: 0 }).handler(async (event: unknown, context: Context) => {
  const { poller, gate, metrics } = pollerFor(context);
  const report = newReport();
  const nudged = isNudge(event);
  try {
    return await guardProcess(poller, (poller) =>
      gate === undefined ? pollQueue(poller, nudged, report) : pollBehindGate(poller, gate, nudged, report),
    );
  } finally {
    metrics(report);
  }
});
