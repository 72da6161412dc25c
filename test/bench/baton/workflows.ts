import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import type { Duration } from "../../../shared/domain/duration.ts";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import { defineWorkflow } from "../../../shared/index.ts";
import { payload, type Payload, type Progress, type Workload } from "../contender.ts";

const Input = z.object({ text: z.string(), sentAt: z.number().optional() });
const Output = z.object({ text: z.string() });

/**
 * The workflows of W1 and W2. Their handlers do nothing, but each input and each output goes
 * through a schema.
 */
export function workflowOf(workload: Workload, { started, done }: Progress, options: { readonly timeout?: Duration } = {}): AnyWorkflow {
  if (workload === "W1") {
    return defineWorkflow({ name: "single", version: 1, input: Input }).step("only", ({ input }) => {
      started(input as Payload);
      done(input as Payload);
    });
  }
  return defineWorkflow({ name: "three-steps", version: 1, input: Input })
    .step("one", { ...options, output: Output }, ({ input }) => {
      started(input as Payload);
      return payload;
    })
    .step("two", { ...options, output: Output }, () => payload)
    .step("three", { ...options, output: Output }, ({ input }) => {
      done(input as Payload);
      return payload;
    });
}

/**
 * A chain of so many steps that each take a while; took is told when a step begins, with its
 * number.
 */
export function chainOf(
  steps: number,
  waitMs: () => number,
  { started, done }: Progress,
  begun: (step: number) => void = () => {},
): AnyWorkflow {
  const handler = (step: number) => async (state: { readonly input: z.output<typeof Input> }) => {
    begun(step);
    if (step === 0) started(state.input as Payload);
    const wait = waitMs();
    if (wait > 0) await pause(wait);
    if (step === steps - 1) done(state.input as Payload);
    return payload;
  };
  const empty = defineWorkflow({ name: "chain", version: 1, input: Input });
  // The names are not literals, so the chain's type stays that of its beginning.
  return Array.from({ length: steps }).reduce<typeof empty>(
    (chain, _, step) => chain.step(`s${step}` as "s", { output: Output }, handler(step)) as unknown as typeof empty,
    empty,
  );
}
