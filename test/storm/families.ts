import { NonRetryableError } from "../../shared/domain/errors.ts";
import { defineWorkflow, Ending, type StepContext } from "../../shared/index.ts";
import { attempting, Input, maxAttempts, retry, StormError } from "./workflow.ts";

/** What runs of the storm are, beside those that start no others. */
export const FAMILY = "storm-family";
export const SAGA = "storm-saga";
const forever = { ...retry, maxAttempts: 1_000 } as const;

/**
 * A family, whose children fail where their parent's input says so, and whose endings are followed;
 * and a run that is undone where it says so.
 */
export function stormFamilies(ledger: string) {
  const attempt = attempting(ledger);
  const note = defineWorkflow({ name: "storm-note", version: 1, input: Ending }).step("note", { retry: forever }, (_, context) =>
    attempt("note", null, context),
  );
  const part = defineWorkflow({ name: "storm-part", version: 1, input: Input, whenFailed: note })
    .step("part", { retry }, ({ input }, context) => {
      const effect = attempt("part", null, context);
      if (context.attempt <= input.fails) throw new StormError("this attempt fails on purpose");
      return effect;
    })
    .sleep("rest", ({ input }) => `${input.nap} milliseconds`);
  const family = defineWorkflow({ name: FAMILY, version: 1, input: Input, whenEnded: note })
    .all("parts", {
      one: (chain) => chain.child("part", part, ({ input }) => ({ ...input, tag: `${input.tag}/one` })),
      two: (chain) => chain.child("part", part, ({ input }) => ({ ...input, tag: `${input.tag}/two`, fails: 0 })),
    })
    .child("survey", { detach: true }, part, ({ input }) => ({ ...input, tag: `${input.tag}/survey`, fails: 0 }))
    .step("whole", { retry }, (_state, context) => attempt("whole", null, context));
  const undo = (node: string) => (_output: unknown, _state: unknown, context: StepContext) => {
    attempt(`~undo/${node}`, null, context);
    if (context.attempt === 1 && node === "hire") throw new StormError("this undo fails on purpose");
  };
  const saga = defineWorkflow({ name: SAGA, version: 1, input: Input, whenFailed: note, whenEnded: note })
    .step("reserve", { retry, undo: { run: undo("reserve"), retry: forever } }, (_state, context) => attempt("reserve", null, context))
    .sql("deposit", { retry: forever, undo: (_, _state, { runId }) => ({ statements: [entry(runId, 1)] }) }, (_, { runId }) => ({
      statements: [entry(runId, -1)],
    }))
    .step("hire", { retry, undo: { run: undo("hire"), retry: forever, evenIfFailed: true } }, ({ input }, context) => {
      const effect = attempt("hire", null, context);
      if (input.fails === maxAttempts) throw new NonRetryableError("this run is to be undone");
      return effect;
    });
  return [part, family, saga, note];
}

const entry = (run: string, amount: number) => ({
  text: "insert into storm.deposit (run_id, amount) values ($1, $2)",
  values: [run, amount],
});
