import { type Bill, invocations, lambdaCredit, lambdaItems, perMillion, priced, total } from "./bill.ts";
import type { Prices } from "./prices.ts";
import type { Workload } from "./workload.ts";

const GB = 1e9;
/**
 * Express bills whole 100 ms; a call of a Lambda function adds about so much to its own time: an
 * assumption.
 */
const expressGrainMs = 100;
const expressCallMs = 30;
/** The least memory that Express bills, in GB. */
const expressGb = 64 / 1_024;
/** Days for which Lambda keeps the history of a durable execution by default. */
const durableRetentionDays = 14;

/** Each step as an invocation of its own, which takes no longer than the step. */
export function stepInvocations({ runs, steps, stepMs, memory }: Workload) {
  return invocations(runs * steps, stepMs, memory);
}

/** Step Functions Standard: a transition for the start and for each step. */
export function standardBill(workload: Workload, prices: Prices): Bill {
  const transitions = workload.runs * (workload.steps + 1);
  const lambda = stepInvocations(workload);
  const items = [perMillion("state transitions", transitions, prices.stepFunctionsTransitions), ...lambdaItems("steps", lambda, prices)];
  const free = (Math.min(transitions, prices.stepFunctionsFreeTransitions) / 1e6) * prices.stepFunctionsTransitions;
  const freeTierTotal = total(items) - free - lambdaCredit([lambda], prices);
  return { name: "Step Functions Standard", items, freeTierTotal, note: "start and steps count as transitions; history for 90 days" };
}

/** Step Functions Express: whole runs by their time. */
export function expressBill(workload: Workload, prices: Prices): Bill {
  const { runs, steps, stepMs } = workload;
  const runMs = Math.ceil((steps * (stepMs + expressCallMs)) / expressGrainMs) * expressGrainMs;
  const lambda = stepInvocations(workload);
  const items = [
    perMillion("requests", runs, prices.expressRequests),
    priced("time", runs * (runMs / 1_000) * expressGb, "GB-s", prices.expressGbSeconds),
    ...lambdaItems("steps", lambda, prices),
  ];
  const long = runMs > 300_000 ? "; these runs are TOO LONG for it" : "";
  const note = `at least once, 5 minutes at most, no history but logs, which are not counted${long}`;
  return { name: "Step Functions Express", items, freeTierTotal: total(items) - lambdaCredit([lambda], prices), note };
}

/** Lambda durable functions: an operation for the start and for each step, in one invocation. */
export function durableBill(workload: Workload, prices: Prices): Bill {
  const { runs, steps, stepMs, stateBytes, memory } = workload;
  const writtenGb = (runs * (steps + 1) * stateBytes) / GB;
  const lambda = invocations(runs, steps * stepMs, memory);
  const items = [
    perMillion("durable operations", runs * (steps + 1), prices.durableOperations),
    priced("data written", writtenGb, "GB", prices.durableWritten),
    priced("data kept", writtenGb * (durableRetentionDays / 30), "GB", prices.durableRetained),
    ...lambdaItems("function", lambda, prices),
  ];
  const note = "replays the code, which must be deterministic; kept for 14 days";
  return { name: "Lambda durable functions", items, freeTierTotal: total(items) - lambdaCredit([lambda], prices), note };
}
