import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { pollQueue } from "../shared/engine/poll-queue.ts";
import { isNudge } from "../shared/lambda/nudge.ts";
import { pollerFor } from "../shared/lambda/poller-app.ts";

/**
 * The scheduled poller: claims due runs in batches and runs their steps until nothing is due or its time is nearly up.
 * The schedule's event and a producer's nudge mean the same, but that a nudge needs no tick; one too many is harmless.
 */
// The poller keeps its own deadline, hence no early timeout.
export const handler = middy({ timeoutEarlyInMillis: 0 }).handler((event: unknown, context: Context) =>
  pollQueue(pollerFor(context), isNudge(event)),
);
