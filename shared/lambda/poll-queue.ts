import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { redactSecrets } from "../domain/redact.ts";
import type { Registry } from "../domain/registry.ts";
import { pollBehindGate } from "../engine/poll/idle-gate.ts";
import { pollQueue as poll } from "../engine/poll/poll-queue.ts";
import { newReport, type PollReport } from "../engine/poll/poll-report.ts";
import { guardProcess } from "./guard-process.ts";
import { isNudge } from "./nudge.ts";
import { loadRegistry, pollerOf } from "./poller-app.ts";
import { reportedError } from "./reported-error.ts";
import type { Service } from "./service.ts";

/** The scheduled poller, as Lambda invokes it. */
export interface PollFunction {
  (event: unknown, context: Context): Promise<PollReport>;
  /** For checks: the workflows as this code knows them. Throws InvalidWorkflowError. */
  readonly loadRegistry: (env: NodeJS.ProcessEnv) => Registry;
}

/**
 * The scheduled poller: claims due runs in batches and runs their steps until nothing is due or its
 * time is nearly up.
 *
 * A producer's nudge opens the idle gate and needs no tick; the schedule's event stops at a closed
 * gate. One too many is harmless. Its settings come from the environment, with the first
 * invocation.
 */
export function pollQueue(service: Service): PollFunction {
  const pollerFor = pollerOf(service);
  const pollOnce = async (nudged: boolean, context: Context): Promise<PollReport> => {
    const { poller, gate, metrics } = pollerFor(context);
    const report = newReport();
    try {
      return await guardProcess({ ...poller, ticked: metrics }, (guarded) =>
        gate === undefined ? poll(guarded, nudged, report) : pollBehindGate(guarded, gate, nudged, report),
      );
    } finally {
      metrics(report);
    }
  };
  // It keeps its own deadline, hence no early timeout.
  const stack = middy({ timeoutEarlyInMillis: 0 }).handler(async (event: unknown, context: Context) => {
    try {
      return await pollOnce(isNudge(event), context);
    } catch (thrown) {
      throw reportedError(thrown, service.redact ?? redactSecrets);
    }
  });
  const invoke = async (event: unknown, context: Context) => stack(event, context) as Promise<PollReport>;
  return Object.assign(invoke, { loadRegistry: (env: NodeJS.ProcessEnv) => loadRegistry(service, env) });
}
