import { stepInvocations } from "./aws-rivals.ts";
import { type Bill, type Item, invocations, type Invocations, lambdaCredit, lambdaItems, perMillion, priced, total } from "./bill.ts";
import type { Prices } from "./prices.ts";
import type { Workload } from "./workload.ts";

/** Days of a month, as free plans count them. */
const daysOfMonth = 30;

/** The steps, and one call more for each run that finds out there is none left. */
function called(workload: Workload): Invocations {
  const { requests, gbSeconds } = stepInvocations(workload);
  return { requests: requests + workload.runs, gbSeconds };
}

/** A plan with executions included; the Free plan is one that stops. */
export function inngestBill(workload: Workload, prices: Prices): Bill {
  const executions = workload.runs * (workload.steps + 1);
  const lambda = called(workload);
  const plan: Item[] = [
    { what: "Pro", usage: "1 month", dollars: prices.inngestProMonth },
    perMillion("executions beyond it", Math.max(0, executions - prices.inngestProExecutions), prices.inngestExecutions),
  ];
  const items = [...plan, ...lambdaItems("steps", lambda, prices)];
  const fits = executions <= prices.inngestFreeExecutions;
  const freeTierTotal = total(fits ? items.slice(plan.length) : items) - lambdaCredit([lambda], prices);
  return { name: "Inngest", items, freeTierTotal, note: `Pro${fits ? "; Free would be enough" : ""}; a run and each step are executions` };
}

/**
 * One task of Trigger.dev for a whole run, which starts again from the beginning when its process
 * dies, or one for each step.
 */
export function triggerBill({ runs, steps, stepMs }: Workload, prices: Prices, durableSteps: boolean): Bill {
  const tasks = durableSteps ? runs * (steps + 1) : runs;
  // A run that waits for its steps for less than five seconds is billed for the waiting.
  const seconds = (runs * steps * stepMs * (durableSteps ? 2 : 1)) / 1_000;
  const usage = [perMillion("runs", tasks, prices.triggerRuns), priced("micro machine", seconds, "s", prices.triggerSeconds)];
  const used = total(usage);
  const month = used <= prices.triggerHobbyMonth ? prices.triggerHobbyMonth : prices.triggerProMonth;
  const unused = { what: "plan beyond the usage", usage: "1 month", dollars: Math.max(0, month - used) };
  const fits = used <= prices.triggerFreeUsage;
  const plan = month === prices.triggerHobbyMonth ? "Hobby" : "Pro";
  const steppy = durableSteps ? "each step is a run that its run waits for" : "steps of a run are not stored one by one";
  return {
    name: durableSteps ? "Trigger.dev, a run for each step" : "Trigger.dev, one run",
    items: [...usage, unused],
    freeTierTotal: fits ? 0 : Math.max(used, month),
    note: `${plan}${fits ? "; Free would be enough" : ""}; ${steppy}; its own machines, 0.25 GB`,
  };
}

/** Actions on the Developer plan; workers that poll all the time are yours, and are not counted. */
export function temporalBill(workload: Workload, prices: Prices): Bill {
  const { runs, steps, stateBytes, retentionDays } = workload;
  // A step is three events of history, of about 300 bytes beside its payload: an assumption.
  const keptGb = (runs * (steps + 1) * (3 * 300 + stateBytes)) / 1e9;
  const usage = [
    perMillion("Actions", runs * (steps + 1), prices.temporalActions),
    priced("history kept", keptGb * retentionDays * 24, "GB-h", prices.temporalRetained),
  ];
  const support = { what: "Developer plan", usage: "10 %", dollars: total(usage) * prices.temporalSupport };
  const lambda = invocations(runs * steps, workload.stepMs, workload.memory);
  const items = [...usage, support, priced("steps: time", lambda.gbSeconds, "GB-s", prices.lambdaGbSeconds)];
  const freeTierTotal = total(items) - lambdaCredit([{ ...lambda, requests: 0 }], prices);
  return { name: "Temporal Cloud", items, freeTierTotal, note: "Developer plan; workers that wait for work are not counted" };
}

/** Steps that QStash calls, the first call of each run included. */
export function upstashBill(workload: Workload, prices: Prices): Bill {
  const steps = workload.runs * (workload.steps + 1);
  const lambda = called(workload);
  const usage = perMillion("steps", steps, prices.upstashSteps);
  const items = [usage, ...lambdaItems("steps", lambda, prices)];
  const fits = steps <= prices.upstashFreeSteps * daysOfMonth;
  const freeTierTotal = total(fits ? items.slice(1) : items) - lambdaCredit([lambda], prices);
  return { name: "Upstash Workflow", items, freeTierTotal, note: `Pay as You Go${fits ? "; Free would be enough" : ""}` };
}
