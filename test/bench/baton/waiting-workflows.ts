import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";

const Input = z.strictObject({ order: z.string(), tell: z.url() });
type State = { readonly input: z.output<typeof Input> };

/** What a handler tells the measurement: where it is answered, or when it started. */
export type Told = { readonly order: string } & ({ readonly url: string } | { readonly startedAt: number });

async function tell({ input: { order, tell: url } }: State, what: { url: string } | { startedAt: number }): Promise<void> {
  await fetch(url, { method: "POST", body: JSON.stringify({ order, ...what } satisfies Told) });
}
const next = (state: State) => tell(state, { startedAt: performance.timeOrigin + performance.now() });

const begin = <const Name extends string>(name: Name) => defineWorkflow({ name, version: 1, input: Input });
const wanted = { output: z.json(), timeout: "1 day" } as const;

/** W10: one for each wait, and one that waits for nothing. */
export const workflows = [
  begin("enqueue").step("next", next),
  begin("signal").waitFor("paid", wanted).step("next", next),
  begin("key")
    .waitFor("paid", { ...wanted, key: ({ input }) => input.order })
    .step("next", next),
  begin("approval")
    .approval("manager", {
      choices: ["approve", "reject"],
      timeout: "1 day",
      ask: (state, { links }) => tell(state, { url: links.approve }),
    })
    .step("next", next),
  begin("callback")
    .callback("work", wanted, (state, { callback }) => tell(state, { url: callback.url }))
    .step("next", next),
];
