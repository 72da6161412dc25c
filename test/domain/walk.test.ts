import { describe, expect, it } from "vitest";
import * as z from "zod";
import { NonRetryableError, walk } from "../../shared/index.ts";
import { NotJsonError } from "../../shared/domain/json.ts";
import { defineWorkflow } from "../../shared/domain/workflow.ts";

const workflow = defineWorkflow({ name: "order", version: 1, input: z.object({ id: z.string(), days: z.int().default(2) }) })
  .step("charge", ({ input }, { runId, attempt, idempotencyKey, signal, logger }) => {
    logger.info("charging", { id: input.id });
    return { runId, attempt, idempotencyKey, aborted: signal.aborted, note: undefined as string | undefined };
  })
  .sleep("short", "1.5 seconds")
  .sleep("long", ({ input }) => `${input.days} days`)
  .sql("record", ({ charge }) => ({ statements: [{ text: "select $1", values: [charge.idempotencyKey] }], output: { recorded: 1 } }))
  .sql("publish", () => ({ statements: [{ text: "select 2" }] }))
  .step("notify", (state) => Object.keys(state));

describe("a walk", () => {
  it("runs every node once, in order, with the state so far", async () => {
    const { output, state } = await walk(workflow, { id: "o-1" });
    expect(output).toEqual(["input", "charge", "short", "long", "record", "publish"]);
    expect(Object.keys(state)).toEqual([...output, "notify"]);
  });

  it("parses the input as it is parsed when a run is enqueued", async () => {
    expect((await walk(workflow, { id: "o-1" })).state.input).toEqual({ id: "o-1", days: 2 });
    await expect(walk(workflow, { id: 5 as unknown as string })).rejects.toThrow(z.ZodError);
  });

  it("hands a handler the context of a first attempt", async () => {
    const { charge } = (await walk(workflow, { id: "o-1" })).state;
    expect(charge).toEqual({ runId: "walk", attempt: 1, idempotencyKey: "walk/charge", aborted: false });
  });

  it("collects the statements of all sql nodes", async () => {
    expect((await walk(workflow, { id: "o-1" })).statements).toEqual([
      { text: "select $1", values: ["walk/charge"] },
      { text: "select 2" },
    ]);
  });

  it("jumps over sleeps: each ends when it would, by a clock that starts at 1970", async () => {
    const { state } = await walk(workflow, { id: "o-1" });
    expect([state.short.until, state.long.until]).toEqual(["1970-01-01T00:00:01.500Z", "1970-01-03T00:00:01.500Z"]);
  });

  it("jumps from the end of one sleep to that of the next, where several are slept side by side", async () => {
    const sides = defineWorkflow({ name: "sides", version: 1, input: z.null() }).all("sides", {
      short: (chain) => chain.sleep("a", "1 second"),
      long: (chain) => chain.sleep("b", "2.5 seconds"),
    });
    const { output } = await walk(sides, null);
    expect([output.short.until, output.long.until]).toEqual(["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.500Z"]);
  });

  it("passes the state through JSON text: an undefined property is gone for the next node", async () => {
    expect("note" in (await walk(workflow, { id: "o-1" })).state.charge).toBe(false);
  });

  it("passes the state through JSON text: no object that one node saw reaches the next", async () => {
    const seen = new Set<object>();
    const see = ({ input }: { readonly input: object }) => void seen.add(input);
    const twice = defineWorkflow({ name: "twice", version: 1, input: z.object({}) });
    await walk(twice.step("first", see).step("second", see), {});
    expect(seen.size).toBe(2);
  });

  it("takes the outputs it is given in place of running their nodes", async () => {
    const charge = { runId: "r", attempt: 7, idempotencyKey: "stub", aborted: false, note: "n" };
    const { state, statements } = await walk(workflow, { id: "o-1" }, { outputs: { charge, publish: null } });
    expect(state.charge).toEqual(charge);
    expect(statements).toEqual([{ text: "select $1", values: ["stub"] }]);
  });

  it("of a workflow without nodes has no output", async () => {
    const empty = defineWorkflow({ name: "empty", version: 1, input: z.null() });
    expect(await walk(empty, null)).toEqual({ state: { input: null }, output: null, statements: [], attributes: {} });
  });

  it("does not let a handler change the state of the next", async () => {
    const hasty = defineWorkflow({ name: "hasty", version: 1, input: z.object({ list: z.array(z.int()) }) }).step("change", ({ input }) =>
      input.list.push(1),
    );
    await expect(walk(hasty, { list: [] })).rejects.toThrow(TypeError);
  });

  it("throws what a handler throws, as it is", async () => {
    const error = new NonRetryableError("no");
    const failing = defineWorkflow({ name: "failing", version: 1, input: z.null() }).step("fail", (): null => {
      throw error;
    });
    await expect(walk(failing, null)).rejects.toBe(error);
  });

  it("throws what a sleep's function throws, as it is", async () => {
    const error = new RangeError("no");
    const failing = defineWorkflow({ name: "failing", version: 1, input: z.null() }).sleep("wait", () => {
      throw error;
    });
    await expect(walk(failing, null)).rejects.toBe(error);
  });

  it("fails as a poller would let the run fail", async () => {
    const wide = defineWorkflow({ name: "wide", version: 1, input: z.null() }).step("wide", () => "x".repeat(300_000));
    await expect(walk(wide, null)).rejects.toMatchObject({ name: "OutputTooLargeError" });
  });

  it("refuses what could not be stored, also as a stub", async () => {
    const step = defineWorkflow({ name: "odd", version: 1, input: z.null() }).step("odd", (): number => NaN);
    await expect(walk(step, null)).rejects.toThrow(NotJsonError);
    await expect(walk(step, null, { outputs: { odd: Infinity } })).rejects.toThrow(NotJsonError);
  });
});
