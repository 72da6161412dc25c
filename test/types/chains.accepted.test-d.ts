/** What must compile of chains below nodes, and the types that come out of them. */
import * as z from "zod";
import { defineWorkflow, walk } from "../../shared/index.ts";
import type { Json, OutputOf, StateOf } from "../../shared/index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(proof: Same<A, B>): void => void proof;

const Order = z.object({ id: z.string(), country: z.string(), lines: z.array(z.object({ sku: z.string(), count: z.int() })) });
const order = defineWorkflow({ name: "order", version: 1, input: Order }).step("charge", () => ({ chargeId: "c" }));

// Branches see what is around them and their own nodes; the output is an object by branch.
const checked = order
  .all("checks", {
    credit: (chain) =>
      chain
        .step("score", ({ input, charge }) => (same<typeof charge.chargeId, string>(true), input.id.length))
        .step("limit", ({ score }) => ({ cents: score * 100 })),
    stock: (chain) => chain.sleep("settle", "2 hours").sql("reserve", () => ({ statements: [], output: "r" })),
    nothing: (chain) => chain,
  })
  .step("ship", ({ checks }) => checks.credit.cents);
same<StateOf<typeof checked>["checks"], { readonly credit: { cents: number }; readonly stock: string; readonly nothing: null }>(true);

// An arm that ends is no case of what comes after it.
const routed = order
  .choose("route", ({ input }) => (input.country === "DE" ? "domestic" : "refused"), {
    domestic: (chain) => chain.step("label", () => ({ label: "l" })),
    abroad: (chain) => chain.step("customs", () => 5),
    refused: (chain) => chain.step("refund", () => "r").end(({ refund }) => ({ refunded: refund })),
  })
  .step("after", ({ route }) => {
    same<
      typeof route,
      { readonly case: "domestic"; readonly output: { label: string } } | { readonly case: "abroad"; readonly output: number }
    >(true);
    return route.case === "domestic" ? route.output.label : route.output;
  });
same<OutputOf<typeof routed>, string | number | { refunded: string }>(true);
// A choose below a choose may end the run too, and each adds what it may end it with.
const nested = order
  .choose("outer", () => "x", {
    x: (chain) =>
      chain.choose("inner", () => "y", { y: (arm) => arm.end(() => 1), z: (arm) => arm }).end(({ inner }) => ({ case: inner.case })),
    w: (chain) => chain.choose("other", () => "v", { v: (arm) => arm.end(() => {}), u: (arm) => arm.step("t", () => true) }),
  })
  .sleep("settle", "1 hour")
  .step("last", () => "s");
same<OutputOf<typeof nested>, string | number | null | { case: "z" }>(true);
same<StateOf<typeof nested>["outer"], { readonly case: "w"; readonly output: { readonly case: "u"; readonly output: boolean } }>(true);
const ended = order.choose("only", () => "a", { a: (chain) => chain.end(() => "a"), b: (chain) => chain.end(() => 2) });
same<OutputOf<typeof ended>, string | number>(true);
same<Awaited<ReturnType<typeof walk<typeof routed>>>["output"], string | number | { refunded: string }>(true);

// A step that may not run.
const wrapped = order
  .step("wrap", { when: ({ charge }) => charge.chargeId !== "" }, () => "paper")
  .sql("record", { when: ({ wrap }) => wrap !== null, output: z.object({ n: z.int() }) }, () => ({ statements: [], output: { n: 1 } }))
  .step("always", { timeout: "1 second" }, () => 1);
same<
  Pick<StateOf<typeof wrapped>, "wrap" | "record" | "always">,
  { readonly wrap: string | null; readonly record: { n: number } | null; readonly always: number }
>(true);

// Each item, with its index.
const mapped = order
  .map("parcels", { over: ({ input }) => input.lines, concurrency: 5 }, (chain) =>
    chain.step("pack", ({ item, index, charge }) => {
      same<typeof item, { sku: string; count: number }>(true);
      same<typeof index, number>(true);
      return { sku: item.sku, of: charge.chargeId };
    }),
  )
  .map("tolerant", { over: ({ parcels }) => parcels, tolerate: "5 %" }, (chain) => chain.step("send", ({ item }) => item.sku.length))
  .map("nested", { over: ({ input }) => input.lines }, (chain) =>
    chain.map("copies", { over: ({ item }) => Array.from({ length: item.count }, (_, n) => n) }, (inner) =>
      inner.step("print", ({ item }) => item + 1),
    ),
  )
  .step("notify", ({ tolerant }) => tolerant.map((each) => (each.ok ? each.value : each.error.message)));
same<StateOf<typeof mapped>["parcels"], readonly { sku: string; of: string }[]>(true);
same<
  StateOf<typeof mapped>["tolerant"],
  readonly (
    | { readonly ok: true; readonly value: number }
    | { readonly ok: false; readonly error: { readonly name: string; readonly message: string } }
  )[]
>(true);
same<StateOf<typeof mapped>["nested"], readonly (readonly number[])[]>(true);

// After the chain collect knows what an item comes to; before it only what it begins with.
const collected = order
  .map("total", { over: ({ input }) => input.lines }, (chain) => chain.step("price", ({ item }) => ({ cents: item.count })), {
    collect: (sum, { cents }, index) => (same<typeof index, number>(true), sum + cents),
    from: 0,
  })
  .map("sent", { over: ({ input }) => input.lines, tolerate: 3 }, (chain) => chain.step("send", () => "s"), {
    collect: (sum: { sent: number }, each) => ({ sent: sum.sent + (each.ok ? each.value.length : 0) }),
    from: { sent: 0 },
  })
  .map("early", { over: ({ input }) => input.lines, collect: (sum: number, value: number) => sum + value, from: 0 }, (chain) =>
    chain.step("one", () => 1),
  );
same<
  Pick<StateOf<typeof collected>, "total" | "sent" | "early">,
  { readonly total: number; readonly sent: { sent: number }; readonly early: number }
>(true);

// After the chain until knows the outputs of its nodes, and what is around it.
const polled = order.repeat(
  "poll",
  { max: 100, every: "30 seconds" },
  (chain) =>
    chain
      .step("ask", ({ index, previous }) => (same<typeof previous, Json>(true), { status: index > 1 ? "ready" : "waiting" }))
      .step("note", ({ ask }) => ask.status.length),
  {
    until: ({ last, charge }) => {
      same<typeof last, { readonly ask: { status: string }; readonly note: number }>(true);
      return last.ask.status === charge.chargeId;
    },
  },
);
same<OutputOf<typeof polled>, number>(true);
order.repeat("poll", { max: 5, until: ({ last }) => last.ask.status === "ready" }, (chain) =>
  chain.step("ask", () => ({ status: "ready" })),
);

// Plain code whose steps are stored.
const scripted = order.script("book", async ({ input, charge }, { step, attempt, setAttributes }) => {
  setAttributes({ attempt });
  const paid = await step("pay", ({ idempotencyKey }) => ({ key: idempotencyKey, of: charge.chargeId }));
  same<typeof paid, { key: string; of: string }>(true);
  const counts = await Promise.all(
    input.lines.map((line) => step("reserve", { of: line.sku, retry: { maxAttempts: 2 } }, async () => line.count)),
  );
  same<typeof counts, number[]>(true);
  const parsed = await step("parse", { output: z.object({ n: z.int().default(3) }) }, () => ({}));
  same<typeof parsed, { n: number }>(true);
  const nothing = await step("nothing", async () => {});
  same<typeof nothing, null>(true);
  return counts.length;
});
same<OutputOf<typeof scripted>, number>(true);
const whole = defineWorkflow({ name: "whole", version: 1, input: z.null() }).run({ timeout: "5 minutes" }, async (_, { step }) =>
  step("a", () => "A"),
);
same<OutputOf<typeof whole>, string>(true);
const walked = await walk(whole, null, { outputs: { run: "stub" } });
same<typeof walked.state.run, string>(true);

// Signals: one, the first of several, or all.
const Payment = z.object({ cents: z.int() });
const waited = order
  .waitFor("paid", { output: Payment, timeout: "30 days" })
  .waitFor("by-key", { output: Payment, timeout: "30 days", key: ({ input }) => input.id })
  .waitFor("maybe", { output: Payment, timeout: ({ paid }) => (paid.cents > 5 ? "1 day" : "2 days"), onTimeout: "continue" })
  .waitFor("answer", { any: { accepted: z.object({ by: z.string() }), declined: z.null() }, timeout: "7 days" })
  .waitFor("papers", { all: { passport: z.string(), visa: z.int() }, timeout: "7 days" })
  .step("after", ({ answer }) => (answer.name === "accepted" ? answer.payload.by : answer.payload));
same<StateOf<typeof waited>["paid"], { cents: number }>(true);
same<StateOf<typeof waited>["maybe"], { cents: number } | null>(true);
same<StateOf<typeof waited>["papers"], { readonly passport: string; readonly visa: number }>(true);
same<OutputOf<typeof waited>, string | null>(true);
await walk(waited, { id: "o-1", country: "DE", lines: [] }, { signals: { paid: [{ cents: 1 }] } });
