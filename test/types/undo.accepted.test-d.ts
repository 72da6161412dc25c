/** What must compile of undos, and the types that they are given. */
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import type { StateOf, Statement, StepContext } from "../../shared/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(proof: Same<A, B>): void => void proof;
declare const statement: Statement;

const Charge = z.object({ chargeId: z.string() });
const order = defineWorkflow({ name: "order", version: 1, input: z.object({ id: z.string() }) })
  // With a schema the output is known in the options.
  .step(
    "charge",
    {
      output: Charge,
      undo: (charge, { input }, context) => {
        same<typeof charge, { chargeId: string }>(true);
        same<typeof input.id, string>(true);
        same<typeof context, StepContext>(true);
      },
    },
    ({ input }) => ({ chargeId: input.id }),
  )
  // Without one behind the handler.
  .step("reserve", { retry: { maxAttempts: 2 } }, ({ charge }) => ({ reserved: charge.chargeId }), {
    undo: async ({ reserved }, { charge }) => {
      same<typeof reserved, string>(true);
      same<typeof charge.chargeId, string>(true);
      return new Date();
    },
  })
  .step("either", {}, ({ input }) => input.id, {
    undo: {
      evenIfFailed: true,
      timeout: "5 seconds",
      retry: { maxAttempts: 9 },
      run: (output) => same<typeof output, string | null>(true),
    },
  })
  .step("plain", {}, ({ input }) => input.id, { undo: { run: (output) => same<typeof output, string>(true) } })
  .step("maybe", { when: () => true, output: Charge }, () => ({ chargeId: "c" }), {
    undo: ({ chargeId }) => same<typeof chargeId, string>(true),
  })
  .step("untyped", { undo: (output, { reserve }) => same<typeof reserve.reserved, string>(true) }, ({ input }) => input.id)
  .sql("book", { output: Charge, undo: ({ chargeId }) => (same<typeof chargeId, string>(true), { statements: [statement] }) }, () => ({
    statements: [statement],
    output: { chargeId: "b" },
  }))
  .sql("post", {}, ({ input }) => ({ statements: [], output: input.id }), {
    undo: (output) => (same<typeof output, string>(true), { statements: [statement] }),
  })
  .all("both", { one: (chain) => chain.step("x", {}, () => 1, { undo: (output) => same<typeof output, number>(true) }) });
same<StateOf<typeof order>["reserve"], { reserved: string }>(true);
same<StateOf<typeof order>["maybe"], { chargeId: string } | null>(true);
