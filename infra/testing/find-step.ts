import type { StepView } from "../../shared/client.ts";

/** The step at a path, such as `checks/credit/score`; of a list's items the first 100 are shown. */
export function findStep(steps: readonly StepView[], path: string): StepView | undefined {
  for (const step of steps) {
    if (step.path === path) return step;
    const below = path.startsWith(`${step.path}/`) ? findStep(step.children ?? [], path) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}
