/**
 * What must not compile of chains below nodes: each line below an `@ts-expect-error` is refused, or
 * `tsc` reports the comment as unused.
 */
import * as z from "zod";
import { defineWorkflow, walk } from "../../shared/index.ts";
import type { OutputOf } from "../../shared/index.ts";

const Order = z.object({ id: z.string(), lines: z.array(z.string()) });
const order = defineWorkflow({ name: "order", version: 1, input: Order }).step("charge", () => 1);
const over = ({ input }: { readonly input: { readonly lines: readonly string[] } }) => input.lines;

// Names.
// @ts-expect-error a name of the chain around it
order.all("pair", { a: (chain) => chain.step("charge", () => 1) });
// @ts-expect-error a name twice in one branch
order.all("pair", { a: (chain) => chain.step("x", () => 1).step("x", () => 1) });
// @ts-expect-error the name of the input
order.choose("route", () => "a", { a: (chain) => chain.step("input", () => 1) });
// @ts-expect-error what a map says of its turn
order.map("m", { over }, (chain) => chain.step("item", () => 1));
// @ts-expect-error what a repeat says of its turn
order.repeat("r", { max: 1, until: () => true }, (chain) => chain.step("previous", () => 1));
// @ts-expect-error a name that an all has taken
order.all("pair", { a: (chain) => chain }).script("pair", () => 1);

// What flows.
// @ts-expect-error a node of another branch
order.all("pair", { a: (chain) => chain.step("x", () => 1), b: (chain) => chain.step("y", ({ x }) => x) });
// @ts-expect-error a node within a branch, after it
order.all("pair", { a: (chain) => chain.step("x", () => 1) }).step("after", ({ x }) => x);
// @ts-expect-error a branch that the all does not have
order.all("pair", { a: (chain) => chain.step("x", () => 1) }).step("after", ({ pair }) => pair.b);
// @ts-expect-error a branch that is not returned
order.all("pair", { a: (chain) => void chain.step("x", () => 1) });
// @ts-expect-error a workflow in place of a branch
order.all("pair", { a: () => order });

// Cases.
const arms = order.choose("route", () => "a", { a: (chain) => chain.step("x", () => "x"), b: (chain) => chain.step("y", () => 1) });
// @ts-expect-error a case that no arm has
order.choose("route", () => "c", { a: (chain) => chain, b: (chain) => chain });
// @ts-expect-error a text of which nothing is known
order.choose("route", ({ input }) => input.id, { a: (chain) => chain });
// @ts-expect-error a promise of a case
order.choose("route", async () => "a", { a: (chain) => chain });
// @ts-expect-error the output of an arm before it is known which
arms.step("after", ({ route }) => route.output.length);
// @ts-expect-error the output of the other arm
arms.step("after", ({ route }) => (route.case === "b" ? route.output.length : 1));
const ending = order.choose("route", () => "a", { a: (chain) => chain, b: (chain) => chain.end(() => 1) });
// @ts-expect-error an arm that ends is no case
ending.step("after", ({ route }) => route.case === "b");

// Ends.
// @ts-expect-error a workflow is no arm
order.end(() => 1);
// @ts-expect-error something after the end
order.choose("route", () => "a", { a: (chain) => chain.end(() => 1).step("x", () => 1) });
// @ts-expect-error within an all
order.all("pair", { a: (chain) => chain.end(() => 1) });
// @ts-expect-error within a map
order.map("m", { over }, (chain) => chain.end(() => 1));
// @ts-expect-error within a repeat
order.repeat("r", { max: 1, until: () => true }, (chain) => chain.end(() => 1));
// @ts-expect-error in an arm within an all
order.all("pair", { a: (chain) => chain.choose("c", () => "x", { x: (arm) => arm.end(() => 1) }) });
// @ts-expect-error in an arm within a map
order.map("m", { over }, (chain) => chain.choose("c", () => "x", { x: (arm) => arm.end(() => 1) }));
// @ts-expect-error what ends the run is not JSON
order.choose("route", () => "a", { a: (chain) => chain.end(() => new Date()) });

// @ts-expect-error what a run that may have ended in an arm comes to, as if it was the last node
order.step("x", () => ({}) as OutputOf<typeof ending>).step("y", ({ x }) => x.case);

// Conditions.
// @ts-expect-error the output of a step that may not have run
order.step("x", { when: () => true }, () => "x").step("y", ({ x }) => x.length);
// @ts-expect-error a condition that is no boolean
order.step("x", { when: () => "yes" }, () => 1);
// @ts-expect-error a promise of one
order.step("x", { when: async () => true }, () => 1);
// @ts-expect-error a sleep has none
order.sleep("x", "1 day", { when: () => true });

// Items.
// @ts-expect-error no list
order.map("m", { over: ({ input }) => input.id }, (chain) => chain.step("x", () => 1));
// @ts-expect-error a promise of a list
order.map("m", { over: async () => [1] }, (chain) => chain.step("x", () => 1));
// @ts-expect-error items that are not JSON
order.map("m", { over: () => [new Date()] }, (chain) => chain.step("x", () => 1));
// @ts-expect-error the same deep inside, where some may fail
order.map("m", { over: () => [{ at: [new Date()] }], tolerate: 1 }, (chain) => chain.step("x", () => 1));
// @ts-expect-error the same where they are collected
order.map("m", { over: () => [1n] }, (chain) => chain.step("x", () => 1), { collect: (sum, value) => sum + value, from: 0 });
// @ts-expect-error a sum that is not JSON
order.map("m", { over }, (chain) => chain.step("x", () => 1), { collect: (sum) => sum, from: new Date() });
// @ts-expect-error the same before the chain
order.map("m", { over, collect: (sum: Date) => sum, from: new Date() }, (chain) => chain.step("x", () => 1));
// @ts-expect-error not what an item is
order.map("m", { over }, (chain) => chain.step("x", ({ item }) => item + item.count));
// @ts-expect-error an unknown option
order.map("m", { over, parallel: 5 }, (chain) => chain.step("x", () => 1));
// @ts-expect-error no share
order.map("m", { over, tolerate: "five" }, (chain) => chain.step("x", () => 1));
// @ts-expect-error the value of an item that may have failed
order.map("m", { over, tolerate: 1 }, (chain) => chain.step("x", () => 1)).step("y", ({ m }) => m[0]?.value);
// @ts-expect-error collect of another type than the chain's
order.map("m", { over }, (chain) => chain.step("x", () => 1), { collect: (sum: string, value: string) => sum + value, from: "" });
// @ts-expect-error collect without from
order.map("m", { over }, (chain) => chain.step("x", () => 1), { collect: () => 1 });

// Passes.
// @ts-expect-error no max
order.repeat("r", { until: () => true }, (chain) => chain.step("x", () => 1));
// @ts-expect-error nothing says when it is over
order.repeat("r", { max: 1 }, (chain) => chain.step("x", () => 1));
// @ts-expect-error a node that the pass does not have
order.repeat("r", { max: 1 }, (chain) => chain.step("x", () => 1), { until: ({ last }) => last.y === 1 });
// @ts-expect-error no boolean
order.repeat("r", { max: 1 }, (chain) => chain.step("x", () => 1), { until: ({ last }) => last.x });
// @ts-expect-error no duration
order.repeat("r", { max: 1, every: 5, until: () => true }, (chain) => chain.step("x", () => 1));

// Scripts.
// @ts-expect-error a Date that a script returns
order.script("s", () => new Date());
// @ts-expect-error a Date that a step of it returns
order.script("s", async (_, { step }) => void (await step("x", () => new Date())));
// @ts-expect-error a step of it without a function
order.script("s", async (_, { step }) => void (await step("x")));
// @ts-expect-error an unknown option of a step of it
order.script("s", async (_, { step }) => void (await step("x", { for: 1 }, () => 1)));
// @ts-expect-error it cannot sleep
order.script("s", (_, { sleep }) => sleep);
// @ts-expect-error a condition
order.script("s", { when: () => true }, () => 1);
// @ts-expect-error run is a whole workflow
order.run(() => 1);
// @ts-expect-error a stub of another shape
await walk(arms, { id: "o-1", lines: [] }, { outputs: { route: { case: "c", output: 1 } } });

// Signals.
// @ts-expect-error no timeout
order.waitFor("w", { output: z.json() });
// @ts-expect-error nothing that it waits for
order.waitFor("w", { timeout: "1 day" });
// @ts-expect-error two ways at once
order.waitFor("w", { output: z.json(), any: { a: z.json() }, timeout: "1 day" });
// @ts-expect-error no such outcome
order.waitFor("w", { output: z.json(), timeout: "1 day", onTimeout: "retry" });
// @ts-expect-error a payload that JSON does not have
order.waitFor("w", { output: z.date(), timeout: "1 day" });
// @ts-expect-error the key sees the input alone
order.step("s", () => 1).waitFor("w", { output: z.json(), timeout: "1 day", key: ({ s }) => String(s) });
// @ts-expect-error the key is a text
order.waitFor("w", { output: z.json(), timeout: "1 day", key: () => 1 });
// @ts-expect-error null where it goes on without
order.waitFor("w", { output: z.object({ a: z.string() }), timeout: "1 day", onTimeout: "continue" }).step("x", ({ w }) => w.a);
