import * as z from "zod";
import type { Json } from "../../shared/domain/json.ts";
import { createRun, type Run } from "../../shared/domain/run.ts";
import { defineWorkflow, type AnyWorkflow, type Logger, type Node, type StepContext } from "../../shared/domain/workflow.ts";

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export const order = defineWorkflow({ name: "order", version: 1, input: z.object({ id: z.string() }) })
  .step("charge", { retry: { maxAttempts: 3, backoff: "10 seconds", jitter: "none" } }, () => ({ chargeId: "c" }))
  .sleep("cooling-off", "1 hour")
  .sql("record", () => ({ statements: [{ text: "select 1" }] }))
  .step("notify", () => "sent");

export function nodeOf(workflow: Pick<AnyWorkflow, "nodes">, name: string): Node {
  const node = workflow.nodes.find((candidate) => candidate.name === name);
  if (node === undefined) throw new Error(`there is no node "${name}"`);
  return node;
}

/** A run of `order` for which only what matters to a test is said. */
export function orderRun(facts: Partial<Parameters<typeof createRun>[0]> = {}): Run {
  return createRun({ id: "run-1", workflow: order, input: { id: "o-1" }, ...facts });
}

export const stored = {
  charge: { chargeId: "c" },
  "cooling-off": { until: "2030-01-01T00:00:00Z" },
  record: null,
  notify: "sent",
} satisfies Record<string, Json>;

export function contextOf(facts: Partial<StepContext> = {}): StepContext {
  const signal = new AbortController().signal;
  return { runId: "run-1", attempt: 1, idempotencyKey: "run-1/charge", signal, logger: silent, setAttributes() {}, ...facts };
}
