import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { Story } from "./story.ts";

const DAY = 86_400_000;
const Payment = z.object({ cents: z.int() });
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) });
const maybe = { any: { paid: Payment }, timeout: "1 day", onTimeout: "continue" } as const;
const sides = order.all("sides", { a: (chain) => chain.waitFor("one", maybe), b: (chain) => chain.waitFor("two", maybe) });
const single = order.waitFor("paid", { output: Payment, timeout: "1 day" });

/** A run that waits, after so long and with these payments. */
function waiting(workflow: typeof sides | typeof single, ms: number, ...cents: unknown[]): Story {
  const story = new Story(workflow, {});
  story.round();
  for (const each of cents) story.send("paid", { cents: each as number });
  return story.pass(ms).claim();
}

describe("a message", () => {
  it("goes to one of two nodes that wait for its name, and the other waits on", () => {
    const { rows, consumed, fate } = waiting(sides, DAY / 2, 1).round();
    expect(rows.map(({ path }) => path)).toEqual(["sides/a/one"]);
    expect([consumed, fate]).toEqual([[1], { kind: "park", delayMs: DAY / 2, names: ["paid"] }]);
  });

  it("that came in time goes to one of two, and the other asks for the next before it times out", () => {
    const story = waiting(sides, DAY, 1, 2);
    expect(story.round()).toMatchObject({
      consumed: [1],
      timedOut: [],
      fate: { kind: "stay", asks: { names: ["paid"] } },
    });
    expect(story.hear().round()).toMatchObject({ consumed: [2], timedOut: [], fate: { kind: "done" } });
  });

  it("that its schema refuses after the deadline is taken away, and the wait asks before it times out", () => {
    const story = waiting(single, DAY, "five");
    expect(story.round()).toMatchObject({ consumed: [1], timedOut: [], fate: { kind: "stay", asks: { names: ["paid"] } } });
    expect(story.hear().round()).toMatchObject({ consumed: [], timedOut: ["paid"], fate: { kind: "failed" } });
  });

  it("of which its poller was told nothing is asked for before a wait times out", () => {
    const story = waiting(single, DAY, 5);
    for (const told of [[], ["other"]]) {
      const asking = story.hear(told).round();
      expect(asking).toMatchObject({
        rows: [],
        timedOut: [],
        fate: { kind: "stay", asks: { names: ["paid"], overdue: expect.any(Number) } },
      });
    }
    expect(story.hear(["paid"]).round()).toMatchObject({ consumed: [1], fate: { kind: "done" } });
  });
});
