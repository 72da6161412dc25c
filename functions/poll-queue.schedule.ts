import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { pollQueue } from "../shared/engine/poll-queue.ts";
import { pollerFor } from "../shared/lambda/poller-app.ts";

/**
 * The scheduled poller: claims due runs in batches and runs their steps until nothing is due or its time is nearly up.
 * Every event means the same, the schedule's tick and a producer's nudge alike; one too many is harmless.
 */
// The poller keeps its own deadline, hence no early timeout.
export const handler = middy({ timeoutEarlyInMillis: 0 }).handler((_event: unknown, context: Context) => pollQueue(pollerFor(context)));
