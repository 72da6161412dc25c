/**
 * What must not compile: each line below an `@ts-expect-error` is refused, or `tsc` reports the
 * comment as unused.
 */
import * as z from "zod";
import { defineWorkflow, Ending, type HookRef, RetryAfterError, walk } from "../../shared/index.ts";
import { createClient } from "../../shared/client.ts";
import type { WorkflowRef } from "../../shared/index.ts";

const Order = z.object({ orderId: z.string(), amountCents: z.int() });
const Charge = z.object({ chargeId: z.string() });
const order = defineWorkflow({ name: "order", version: 1, input: Order });
const charged = order.step("charge", { output: Charge }, () => ({ chargeId: "c" }));

// Names.
// @ts-expect-error a duplicate node name
charged.step("charge", () => 1);
// @ts-expect-error a duplicate node name, with options
charged.step("charge", { timeout: "1 second" }, () => 1);
// @ts-expect-error a duplicate node name, with an output schema
charged.step("charge", { output: Charge }, () => ({ chargeId: "c" }));
// @ts-expect-error a duplicate node name
charged.sleep("charge", "1 second");
// @ts-expect-error a duplicate node name
charged.sql("charge", () => ({ statements: [] }));
// @ts-expect-error a node named like the input
order.step("input", () => 1);
// @ts-expect-error a name that is not a literal
order.step("a" as string, () => 1);

// The state.
// @ts-expect-error an unknown key
charged.step("ship", ({ parcel }) => parcel);
// @ts-expect-error a key of a later node
charged.step("ship", ({ notify }) => notify).step("notify", () => 1);
// @ts-expect-error an unknown key of the input
charged.step("ship", ({ input }) => input.orderNumber);
// @ts-expect-error the state is read-only
charged.step("ship", (state) => void (state.charge = { chargeId: "d" }));

// Outputs.
// @ts-expect-error not what the schema takes
order.step("charge", { output: Charge }, () => ({ chargeId: 5 }));
// @ts-expect-error nothing, where the schema wants something
order.step("charge", { output: Charge }, () => {});
// @ts-expect-error a sql node without its output
order.sql("charge", { output: Charge }, () => ({ statements: [] }));
// @ts-expect-error a sql node without statements
order.sql("charge", () => ({ output: 1 }));
// @ts-expect-error a Date in the input
defineWorkflow({ name: "order", version: 1, input: z.object({ at: z.date() }) });
// @ts-expect-error a schema that takes text and gives a Date
defineWorkflow({ name: "order", version: 1, input: z.object({ at: z.string().transform((text) => new Date(text)) }) });
// @ts-expect-error a Date in the output schema
order.step("charge", { output: z.object({ at: z.date() }) }, () => ({ at: new Date() }));
// @ts-expect-error a Date in what is returned
order.step("charge", () => ({ at: new Date() }));
// @ts-expect-error a Date in what is returned, with options
order.step("charge", { timeout: "1 second" }, async () => ({ deep: [{ at: new Date() }] }));
// @ts-expect-error a Date in the output of a sql node
order.sql("charge", () => ({ statements: [], output: new Date() }));
// @ts-expect-error a bigint
order.step("charge", () => 10n);
// @ts-expect-error a function
order.step("charge", () => ({ again: () => 1 }));
// @ts-expect-error a symbol
order.step("charge", () => Symbol.iterator);
// @ts-expect-error a map
order.step("charge", () => new Map([["a", 1]]));
// @ts-expect-error undefined in an array
order.step("charge", () => [1, undefined]);
// @ts-expect-error unknown
order.step("charge", (): unknown => JSON.parse("1"));

// Options and durations.
// @ts-expect-error an unknown option
order.step("charge", { timeOut: "1 second" }, () => 1);
// @ts-expect-error an unknown option of the retry policy
order.step("charge", { retry: { attempts: 3 } }, () => 1);
// @ts-expect-error an unknown kind of jitter
order.step("charge", { retry: { jitter: "some" } }, () => 1);
// @ts-expect-error not a unit
order.sleep("wait", "3 fortnights");
// @ts-expect-error not a number
order.sleep("wait", "three days");
// @ts-expect-error a number without a unit
order.sleep("wait", 3);
// @ts-expect-error a computed sleep that is not a duration
order.sleep("wait", ({ input }) => input.orderId);
// @ts-expect-error a retry without a unit
export const soon = new RetryAfterError("30");

// Attributes.
// @ts-expect-error a Date in the workflow's own
defineWorkflow({ name: "order", version: 1, input: Order, attributes: () => ({ at: new Date() }) });
// @ts-expect-error a promise
defineWorkflow({ name: "order", version: 1, input: Order, attributes: async () => ({ a: 1 }) });
// @ts-expect-error no object
defineWorkflow({ name: "order", version: 1, input: Order, attributes: () => "eu" });
// @ts-expect-error an unknown key of the input
defineWorkflow({ name: "order", version: 1, input: Order, attributes: ({ input }) => ({ a: input.orderNumber }) });
// @ts-expect-error a Date that a handler sets
order.step("charge", (_state, { setAttributes }) => setAttributes({ at: new Date() }));
const labelled = defineWorkflow({ name: "order", version: 1, input: Order, attributes: ({ input }) => ({ orderId: input.orderId }) });
const client = createClient({ url: "" });
// @ts-expect-error another type than the workflow's own
await client.enqueue(labelled, { orderId: "o-1", amountCents: 5 }, { attributes: { orderId: 5 } });
// @ts-expect-error a Date that a producer gives
await client.enqueue(labelled, { orderId: "o-1", amountCents: 5 }, { attributes: { at: new Date() } });

// Producers.
// @ts-expect-error a missing field of the input
await walk(charged, { orderId: "o-1" });
// @ts-expect-error another version
export const reference: WorkflowRef<typeof charged> = { name: "order", version: 2 };
// @ts-expect-error a stub of another shape
await walk(charged, { orderId: "o-1", amountCents: 5 }, { outputs: { charge: { chargeId: 5 } } });

// Hooks.
const notifies = defineWorkflow({ name: "notifies", version: 1, input: Ending });
const twice = defineWorkflow({ name: "twice", version: 1, input: Ending.extend({ attempts: z.int().transform((n) => String(n)) }) });
const filled = defineWorkflow({ name: "filled", version: 1, input: Ending.extend({ to: z.string().default("ops") }) });
// @ts-expect-error a hook whose input takes no ending
defineWorkflow({ name: "order", version: 1, input: Order, whenFailed: charged });
// @ts-expect-error the same whenever a run has ended
defineWorkflow({ name: "order", version: 1, input: Order, whenEnded: charged });
// @ts-expect-error a hook whose schema changes what it takes
defineWorkflow({ name: "order", version: 1, input: Order, whenFailed: twice });
// @ts-expect-error a hook whose schema adds to what it takes
defineWorkflow({ name: "order", version: 1, input: Order, whenFailed: filled });
// @ts-expect-error a function
defineWorkflow({ name: "order", version: 1, input: Order, whenFailed: () => undefined });
// @ts-expect-error a name without a version
defineWorkflow({ name: "order", version: 1, input: Order, whenFailed: { name: "notify-ops" } });
// @ts-expect-error the name of a workflow that takes no ending
({ name: "order", version: 1 }) satisfies HookRef<typeof charged>;
// @ts-expect-error another version of it than its type has
({ name: "notifies", version: 2 }) satisfies HookRef<typeof notifies>;
