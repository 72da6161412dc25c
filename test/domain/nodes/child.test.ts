import { describe, expect, expectTypeOf, it } from "vitest";
import * as z from "zod";
import type { ChildEnding } from "../../../shared/domain/family.ts";
import { workflowOf } from "../../../shared/domain/nodes/child.ts";
import { createRegistry } from "../../../shared/domain/registry.ts";
import { walk } from "../../../shared/domain/walk.ts";
import { defineWorkflow, type StateOf } from "../../../shared/domain/workflow.ts";
import { again, final, Story } from "./story.ts";

const DAY = 86_400_000;
const Customer = z.object({ id: z.string(), plan: z.string().default("basic") });
const invoice = defineWorkflow({
  name: "invoice",
  version: 2,
  input: Customer,
  attributes: ({ input }): { customer?: string } => (input.id === "nobody" ? {} : { customer: input.id }),
}).step("total", () => 990);
const month = defineWorkflow({ name: "close-month", version: 1, input: z.object({ id: z.string() }) });
const parent = month.child("bill", invoice, ({ input }) => ({ id: input.id })).step("book", ({ bill }) => bill);
const survey = month.child("ask", { detach: true, delay: "7 days" }, invoice, ({ input }) => input).step("after", ({ ask }) => ask);

const done: ChildEnding = { run: "child-1", status: "done", output: 990 };
const failed: ChildEnding = { run: "child-1", status: "failed", error: { name: "Declined", message: "No money." } };

describe("a node with a child", () => {
  it("starts it with its parsed input and its workflow's attributes, stores its id, and parks until it ends", () => {
    const { rows, family, fate, starts } = new Story(parent, { id: "c-1" }).round();
    expect(rows).toMatchObject([{ path: "bill/~child/00000", attempt: 0, output: { run: "child-1" } }]);
    expect(family).toMatchObject({ redriven: [] });
    const start = { path: "bill", run: "child-1", workflow: "invoice", version: 2, delayMs: 0, detached: false };
    expect(family!.starts).toMatchObject([{ ...start, input: { id: "c-1", plan: "basic" }, attributes: { customer: "c-1" } }]);
    expect([starts, fate]).toEqual([[], { kind: "park", delayMs: null, names: undefined, children: ["bill"] }]);
  });

  it("starts it once, whoever looks again", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    expect(story.claim().round()).toMatchObject({ rows: [], family: undefined, fate: { kind: "park", delayMs: null } });
  });

  it("gives it no attributes where its workflow has none for it", () => {
    expect(new Story(parent, { id: "nobody" }).round().family!.starts[0]!.attributes).toBeUndefined();
  });

  it("has the child's output as its own, and goes on in the same round", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    const { rows, starts } = story.claim().tell({ bill: done }).round();
    expect(rows).toMatchObject([{ path: "bill", attempt: 1, output: 990 }]);
    expect(starts.map(({ path }) => path)).toEqual(["book"]);
    expect(story.sees("book")).toEqual({ input: { id: "c-1" }, bill: 990 });
  });

  it("has null as its output where the child came to nothing that was told", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    expect(story.tell({ bill: { run: "child-1", status: "done" } }).round().rows).toMatchObject([{ output: null }]);
  });

  it.each([
    [failed, "ChildFailedError", /run child-1, has failed with Declined: No money\./],
    [{ run: "child-1", status: "cancelled" }, "ChildCancelledError", /run child-1, was cancelled\./],
    [{ run: "child-1", status: "stopping" }, "ChildCancelledError", /run child-1, was cancelled\./],
    [{ run: "child-1", status: "gone" }, "ChildGoneError", /run child-1, was deleted/],
  ] as [ChildEnding, string, RegExp][])("fails for good when it is told %o", (ending, name, message) => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    const { failures, fate } = story.tell({ bill: ending }).round();
    expect(failures).toMatchObject([{ path: "bill", attempt: 1, delayMs: null, error: { name } }]);
    expect(failures[0]!.error.message).toMatch(message);
    expect(fate.kind).toBe("failed");
  });

  it("lets it go on after a redrive of its own run, once, and then waits for it", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    story.tell({ bill: failed }).round();
    const { rows, family, fate } = story.redrive().tell({ bill: failed }).round();
    expect(rows).toMatchObject([{ path: "bill/~child/00001", output: { run: "child-1" } }]);
    expect(family).toEqual({ starts: [], redriven: [{ path: "bill", run: "child-1" }], items: [], repeats: [] });
    expect(fate).toMatchObject({ kind: "park", delayMs: null });
    expect(story.claim().tell({ bill: done }).round().rows).toMatchObject([{ path: "bill", attempt: 2, output: 990 }]);
  });

  it("fails again when that fails again", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    story.tell({ bill: failed }).round();
    story.redrive().tell({ bill: failed }).round();
    expect(story.claim().tell({ bill: failed }).round().failures).toMatchObject([{ path: "bill", attempt: 2, delayMs: null }]);
  });

  it("takes after a redrive what somebody else let go on meanwhile", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    story.tell({ bill: failed }).round();
    expect(story.redrive().tell({ bill: done }).round().rows).toMatchObject([{ path: "bill", attempt: 2, output: 990 }]);
  });

  it("starts another one after a redrive where the first was deleted", () => {
    const story = new Story(parent, { id: "c-1" });
    story.round();
    story.tell({ bill: { run: "child-1", status: "gone" } }).round();
    const { rows, family } = story
      .redrive()
      .tell({ bill: { run: "child-1", status: "gone" } })
      .round();
    expect(rows).toMatchObject([{ path: "bill/~child/00001", output: { run: "child-2" } }]);
    expect(family!.starts).toMatchObject([{ path: "bill", run: "child-2" }]);
  });

  it("that is detached has its id as output, starts late where that is asked for, and goes on at once", () => {
    const { rows, family, starts } = new Story(survey, { id: "c-1" }).round();
    expect(rows).toMatchObject([{ path: "ask", attempt: 1, output: { runId: "child-1" } }]);
    expect(family!.starts).toMatchObject([{ detached: true, delayMs: 7 * DAY }]);
    expect(starts.map(({ path }) => path)).toEqual(["after"]);
  });

  it("fails for good when its input throws, is refused by the schema, returns a promise or is too large", () => {
    const inputs = [
      () => {
        throw new RangeError("no");
      },
      () => ({ id: 5 }) as never,
      () => Promise.resolve({ id: "c-1" }) as never,
      () => ({ id: "c-1", plan: "x".repeat(262_144) }),
    ];
    const names = inputs.map((input) => {
      const { failures, fate, rows } = new Story(month.child("bill", invoice, input), { id: "c-1" }).round();
      expect([fate.kind, rows]).toEqual(["failed", []]);
      return failures[0]!.error.name;
    });
    expect(names).toEqual(["RangeError", "ZodError", "TypeError", "OutputTooLargeError"]);
  });

  it("stays in the lease while a branch beside it runs, and asks how its child ended", () => {
    const both = month.all("both", {
      bill: (chain) => chain.child("bill", invoice, ({ input }) => input),
      more: (chain) => chain.step("more", () => 1),
      later: (chain) => chain.sleep("later", "1 day").waitFor("paid", { output: z.null(), timeout: "2 days" }),
    });
    const story = new Story(both, { id: "c-1" });
    expect(story.round().fate).toMatchObject({ kind: "stay", children: ["both/bill/bill"] });
    expect(story.round({ "both/more/more": 1 }).fate).toMatchObject({ kind: "park", delayMs: DAY, children: ["both/bill/bill"] });
    expect(story.pass(DAY).claim().round().fate).toMatchObject({
      kind: "park",
      delayMs: 2 * DAY,
      names: ["paid"],
      children: ["both/bill/bill"],
    });
    expect(story.claim().round().fate).toMatchObject({ kind: "park" });
    const ended = story.claim().tell({ "both/bill/bill": done }).round();
    expect(ended.rows).toMatchObject([{ path: "both/bill/bill" }]);
  });

  it("stays with nothing to wait for but attempts and children", () => {
    const both = month.all("both", {
      bill: (chain) => chain.child("bill", invoice, ({ input }) => input),
      more: (chain) => chain.step("more", () => 1),
    });
    const story = new Story(both, { id: "c-1" });
    expect(story.round().fate).toEqual({ kind: "stay", wait: undefined, asks: undefined, children: ["both/bill/bill"] });
    expect(story.round({ "both/more/more": again }).fate).toMatchObject({ kind: "stay", children: ["both/bill/bill"] });
  });

  it("of an item that failed and was tolerated is asked for no more", () => {
    const each = month.map("each", { over: () => [1, 2], tolerate: 1 }, (chain) =>
      chain.all("both", {
        bill: (branch) => branch.child("bill", invoice, () => ({ id: "c-1" })),
        more: (branch) => branch.step("more", ({ item }) => item),
      }),
    );
    const story = new Story(each, { id: "c-1" });
    expect(story.round().family!.starts).toHaveLength(2);
    story.round({ "each/00000/both/more/more": final, "each/00001/both/more/more": 1 });
    const { fate } = story
      .claim()
      .tell({ "each/00001/both/bill/bill": { ...done, run: "child-2" } })
      .round();
    expect(fate).toEqual({ kind: "done" });
  });

  it("has failed all the same where its run has gone on from a failure that was forgiven", () => {
    const pardoned = { at: 1, error: { name: "Error", message: "no" } };
    const begun = parent.nodes[0]!.begin("bill").take("bill", { failures: 1, forgiven: 1, pardoned });
    expect([begun.fatal, begun.wake(5).fatal, begun.wake(Infinity).fatal]).toEqual([undefined, undefined, pardoned]);
  });

  it("is blocked where what is stored is of no child", () => {
    const { chain } = new Story(parent, { id: "c-1" }).run;
    const row = { output: { run: "child-1" }, bytes: 20 };
    expect(chain.take("bill/~other", row).stray).toBe("bill/~other");
    expect(chain.take("bill/~child/00000", { failures: 1, forgiven: 0 }).stray).toBe("bill/~child/00000");
    const [bill, ask] = [parent.nodes[0]!, survey.nodes[0]!];
    expect(["", "~child/00000", "~child/x", "more"].map((below) => bill.holds(below))).toEqual([true, true, false, false]);
    expect([ask.holds(""), ask.holds("~child/00000")]).toEqual([true, false]);
  });

  it("is told of by a claim where its workflow may have children, and no other", () => {
    const lines = createRegistry([parent, invoice], { pollerTimeoutMs: 60_000 }).manifest();
    expect(lines.map(({ family, shape }) => [family, shape])).toEqual([
      [true, "child:bill|step:book"],
      [undefined, "step:total"],
    ]);
    const inner = month.choose("which", () => "a", { a: (chain) => chain.child("bill", invoice, ({ input }) => input) });
    expect(createRegistry([inner], { pollerTimeoutMs: 60_000 }).manifest()[0]!.family).toBe(true);
    expect(survey.nodes[0]!.shape).toBe("child:ask(detached)");
  });

  it("has the types of its workflow, here or elsewhere", () => {
    const far = month.child("bill", workflowOf<typeof invoice>({ name: "invoice", version: 2 }), ({ input }) => input);
    expectTypeOf<StateOf<typeof parent>["bill"]>().toEqualTypeOf<number>();
    expectTypeOf<StateOf<typeof far>["bill"]>().toEqualTypeOf<number>();
    expectTypeOf<StateOf<typeof survey>["ask"]>().toEqualTypeOf<{ readonly runId: string }>();
    const { starts } = new Story(far, { id: "c-1" }).round().family!;
    expect(starts).toMatchObject([{ workflow: "invoice", version: 2, input: { id: "c-1" }, code: undefined }]);
  });

  it("is refused where it is written wrongly, with what to write", () => {
    const wrong: [...unknown[], RegExp][] = [
      [invoice, /it has no input for its child/],
      [{ detach: false }, invoice, () => ({}), /its options do not detach it/],
      [{ detach: true, later: 1 }, invoice, () => ({}), /"later" is not an option of a child: use detach or delay/],
      [undefined, () => ({}), /it has no workflow: give it one, or workflowOf/],
      [{ name: "No Name", version: 1 }, () => ({}), /its workflow "No Name" has no name that can be stored/],
      [{ name: "invoice", version: 0.5 }, () => ({}), /the version of its workflow "invoice" is 0\.5/],
    ];
    for (const given of wrong) {
      const sentence = given.pop() as RegExp;
      expect(() => (month.child as (...all: unknown[]) => unknown)("bill", ...given)).toThrow(sentence);
    }
  });
});

describe("a walk", () => {
  it("walks a child too, or takes its output from the options", async () => {
    expect((await walk(parent, { id: "c-1" })).output).toBe(990);
    expect((await walk(parent, { id: "c-1" }, { children: { bill: 5 } })).output).toBe(5);
    expect((await walk(survey, { id: "c-1" })).output).toEqual({ runId: "walk" });
  });

  it("asks for the output of a child that is elsewhere", async () => {
    const far = month.child("bill", workflowOf<typeof invoice>({ name: "invoice", version: 2 }), ({ input }) => input);
    await expect(walk(far, { id: "c-1" })).rejects.toThrow(
      'The child of "bill" runs invoice, which is elsewhere: give its output in children.',
    );
    expect((await walk(far, { id: "c-1" }, { children: { bill: 7 } })).output).toBe(7);
  });
});
