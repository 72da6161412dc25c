/** What must compile, and the types that come out of it. */
import * as z from "zod";
import { defineWorkflow, Ending, walk } from "../../shared/index.ts";
import { createClient } from "../../shared/client.ts";
import type {
  AnyWorkflow,
  AttributesOf,
  HookRef,
  InputOf,
  Json,
  JsonObject,
  OutputOf,
  ParsedInputOf,
  StateOf,
  Statement,
  StepContext,
  WorkflowRef,
} from "../../shared/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(proof: Same<A, B>): void => void proof;

const Order = z.object({ orderId: z.string(), amountCents: z.int(), note: z.string().optional(), express: z.boolean().default(false) });
const Parcel = z.object({ trackingId: z.string(), etaDays: z.int().default(3) });

interface Receipt {
  lines: { text: string; cents?: number }[];
  total: number | null;
  next?: Receipt;
  extra?: Json;
}
declare const someReceipt: Receipt;
declare const statement: Statement;

const fulfilOrder = defineWorkflow({ name: "fulfil-order", version: 2, input: Order })
  .step(
    "ship",
    { output: Parcel, retry: { maxAttempts: 5, backoff: "10 seconds", jitter: "none" }, timeout: "1.5 minutes" },
    ({ input }, context) => {
      same<typeof context, StepContext>(true);
      same<typeof input.express, boolean>(true);
      return { trackingId: `${input.orderId}/${context.attempt}` };
    },
  )
  .step("receipt", async ({ ship }) => {
    same<typeof ship.etaDays, number>(true);
    return someReceipt;
  })
  .step("free", (): Json => ({ any: ["thing"] }))
  .step("nothing", { timeout: "250 milliseconds" }, async () => {})
  .step("maybe", ({ input }) => (input.express ? { days: 1 } : undefined))
  .sql("publish", ({ receipt }) => ({ statements: [statement], output: { total: receipt.total } }))
  .sql("record", { retry: { maxAttempts: 1 } }, async () => ({ statements: [] }))
  .sql("parsed", { output: Parcel }, () => ({ statements: [statement], output: { trackingId: "t" } }))
  .sleep("cooling-off", "3 days")
  .sleep("until-delivery", ({ ship }) => `${ship.etaDays} days`)
  .step("notify", (state) => {
    same<typeof state.receipt, Receipt>(true);
    same<typeof state.free, Json>(true);
    same<typeof state.nothing, null>(true);
    same<typeof state.maybe, { days: number } | null>(true);
    same<typeof state.publish, { total: number | null }>(true);
    same<typeof state.record, null>(true);
    same<typeof state.parsed, { trackingId: string; etaDays: number }>(true);
    same<(typeof state)["cooling-off"]["until"], string>(true);
    return ["sent", 1] as const;
  });

type W = typeof fulfilOrder;
same<W["name"], "fulfil-order">(true);
same<W["version"], 2>(true);
same<InputOf<W>, { orderId: string; amountCents: number; note?: string | undefined; express?: boolean | undefined }>(true);
same<ParsedInputOf<W>["express"], boolean>(true);
same<OutputOf<W>, readonly ["sent", 1]>(true);
same<StateOf<W>["ship"]["trackingId"], string>(true);

const labelled = defineWorkflow({
  name: "labelled",
  version: 1,
  input: Order,
  attributes: ({ input }) => {
    same<typeof input.express, boolean>(true);
    return { orderId: input.orderId, tags: ["eu"], note: input.note };
  },
})
  .step("a", (_state, { setAttributes }) => setAttributes({ any: ["thing"], gone: null }))
  .sleep("b", "1 day");
same<AttributesOf<typeof labelled>, { orderId: string; tags: string[]; note: string | undefined }>(true);
same<AttributesOf<W>, JsonObject>(true);
const client = createClient({ url: "" });
const labels = { orderId: null, tags: ["vip"], note: "n", free: { of: "choice" } };
await client.enqueue(labelled, { orderId: "o-1", amountCents: 5 }, { attributes: labels });
await client.enqueue(fulfilOrder, { orderId: "o-1", amountCents: 5 }, { attributes: { free: ["of choice"] } });
await client.enqueueMany(labelled, [{ input: { orderId: "o-1", amountCents: 5 }, attributes: labels }]);
const labelledRef: WorkflowRef<typeof labelled> = { name: "labelled", version: 1 };
await client.enqueue<typeof labelled>(labelledRef, { orderId: "o-1", amountCents: 5, express: true }, { attributes: labels });
const found = await client.get<typeof labelled>("");
same<NonNullable<typeof found>["attributes"], Partial<{ orderId: string; tags: string[]; note: string | undefined }>>(true);

export const reference: WorkflowRef<W> = { name: "fulfil-order", version: 2 };
export const any: readonly AnyWorkflow[] = [
  fulfilOrder,
  defineWorkflow({ name: "silent", version: 1, input: z.null() }).sql("record", () => ({ statements: [] })),
];
export const json: Json = { a: [1, "b", null, { c: true }], d: undefined };

/** A handler's own function may be generic over the collaborators of the workflow. */
export const withCollaborators = (mailer: { send(to: string): Promise<{ messageId: string }> }) =>
  defineWorkflow({ name: "collaborators", version: 1, input: z.object({ to: z.string() }) }).step("send", ({ input }) =>
    mailer.send(input.to),
  );

const walked = await walk(fulfilOrder, { orderId: "o-1", amountCents: 5 }, { outputs: { ship: { trackingId: "t", etaDays: 1 } } });
same<typeof walked.output, readonly ["sent", 1]>(true);
same<typeof walked.state.ship.etaDays, number>(true);

// Hooks: by value, by name with its type, and by name alone.
const notifyOps = defineWorkflow({ name: "notify-ops", version: 1, input: Ending }).step("mail", ({ input }) => {
  same<typeof input, Ending>(true);
  same<typeof input.status, "done" | "failed" | "cancelled">(true);
  return input.error?.message ?? null;
});
const onlyTheRun = defineWorkflow({ name: "count", version: 1, input: z.object({ run: z.string(), note: z.string().optional() }) });
const anyJson = defineWorkflow({ name: "keep", version: 1, input: z.json() }).step("keep", () => 1);
const watched = defineWorkflow({
  name: "watched",
  version: 1,
  input: Order,
  whenFailed: notifyOps,
  whenEnded: onlyTheRun.step("count", () => 1),
});
same<InputOf<typeof watched>, z.input<typeof Order>>(true);
defineWorkflow({ name: "watched", version: 1, input: Order, whenEnded: anyJson, attributes: ({ input }) => ({ id: input.orderId }) });
defineWorkflow({ name: "watched", version: 1, input: Order, whenFailed: { name: "notify-ops", version: 1 } });
const named = { name: "notify-ops", version: 1 } satisfies HookRef<typeof notifyOps>;
defineWorkflow({ name: "watched", version: 1, input: Order, whenFailed: named });
// Itself, by its name: its hook's runs are followed by none.
defineWorkflow({ name: "itself", version: 1, input: Ending, whenFailed: { name: "itself", version: 1 } });
