/**
 * The door for functions on AWS Lambda: each factory makes a handler from a service's workflows.
 *
 * ```ts
 * import { pollQueue } from "pgbaton/lambda";
 * import { workflows } from "./workflows.ts";
 *
 * export const handler = pollQueue({ workflows });
 * ```
 */

// The handlers of the five functions.
export { answerWaits } from "./lambda/answer-waits.ts";
export { controlRuns } from "./lambda/control-runs.ts";
export { enqueueRun } from "./lambda/enqueue-run.ts";
export { maintain } from "./lambda/maintain.ts";
export { pollQueue } from "./lambda/poll-queue.ts";

// What wakes a poller after runs were stored by a client of one's own.
export { createNudge } from "./lambda/nudge.ts";

export { ConfigurationError } from "./lambda/config.ts";
export type { HttpFunction } from "./lambda/http-function.ts";
export type { MaintainFunction } from "./lambda/maintain.ts";
export type { Keeping } from "./lambda/chores.ts";
export type { PollFunction } from "./lambda/poll-queue.ts";
export type { Service } from "./lambda/service.ts";
