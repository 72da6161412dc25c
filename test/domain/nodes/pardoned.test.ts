import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Outcome } from "../../../shared/domain/decision.ts";
import type { Json } from "../../../shared/domain/json.ts";
import { stateOf, type RunWorkflow } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { final, finalOf, Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.null() });

/** A function that throws at its first call of each kind, and then returns. */
function stumbling() {
  const stumbled = new Set<string>();
  return <Answer>(what: string, answer: Answer) => {
    if (stumbled.has(what)) return answer;
    stumbled.add(what);
    throw new Error(`${what} stumbles`);
  };
}

describe("what a redrive has forgiven, and has gone on from", () => {
  const once = stumbling();
  const after = () => 1;
  it.each<[string, RunWorkflow]>([
    ["choose", order.choose("n", () => once("choose", "a" as const), { a: (arm) => arm.step("x", () => 1) }).step("after", after)],
    ["when", order.step("n", { when: () => once("when", true) }, () => 1).step("after", after)],
    ["sleep", order.sleep("n", () => once("sleep", "0 seconds")).step("after", after)],
    ["map", order.map("n", { over: () => once("map", [1]) }, (chain) => chain.step("x", () => 1)).step("after", after)],
    [
      "map that tolerates",
      order.map("n", { over: () => once("tolerant", [1]), tolerate: 1 }, (chain) => chain.step("x", () => 1)).step("after", after),
    ],
    [
      "map of approvals that it tolerates",
      order
        .map("n", { over: () => once("asking", [1]), tolerate: 1 }, (chain) =>
          chain.approval("x", { choices: ["yes"], timeout: "1 day", ask: () => undefined }),
        )
        .step("after", after),
    ],
    [
      "repeat of a map that tolerates",
      order
        .repeat("n", { max: 1, until: () => true }, (pass) =>
          pass.map("m", { over: () => once("inner map", [1]), tolerate: 1 }, (chain) => chain.step("x", () => 1)),
        )
        .step("after", after),
    ],
    ["repeat", order.repeat("n", { max: 1, until: () => once("until", true) }, (pass) => pass.step("x", () => 1)).step("after", after)],
  ])("does not count in a %s when its run is redriven for what comes after", (kind, workflow) => {
    const story = new Story(workflow, null, { countsLate: true });
    let failed = 0;
    // What is tolerated is failed in a redriven run.
    const back = /toler/.test(kind) ? final : 1;
    for (let n = 0; n < 10 && !story.out.has("after"); n++) {
      const { fate } = story.hear().round(Object.fromEntries(story.paths.map((path) => [path, back])));
      if (fate.kind === "failed") {
        failed++;
        story.redrive();
      }
    }
    expect(failed).toBe(1);
    story.round({ after: final });
    expect(story.redrive().round().starts).toMatchObject([{ path: "after", attempt: 2 }]);
  });
});

/** Two items that stumble, of which one may fail; the other one is a step. */
function twoItems(kind: "approval" | "map" | "repeat") {
  const once = stumbling();
  return order
    .map("m", { over: () => [0, 1], tolerate: 1 }, (item) =>
      item.choose("by", ({ index }) => (index === 0 ? kind : "other"), {
        approval: (arm) =>
          arm.approval("n", { choices: ["yes"], timeout: () => once("its timeout", "1 day" as const), ask: () => undefined }),
        map: (arm) => arm.map("n", { over: () => once("its over", [1]) }, (deep) => deep.step("x", () => 1)),
        repeat: (arm) => arm.repeat("n", { max: 2, until: () => once("its until", false) }, (deep) => deep.step("x", () => 1)),
        other: (arm) => arm.step("n", { when: () => once("other", true) }, () => 1),
      }),
    )
    .step("after", () => 1);
}

describe("an item that fails again after a redrive", () => {
  it.each(["approval", "map", "repeat"] as const)("is told by its last error, such as %s", (kind) => {
    const story = new Story(twoItems(kind), null, { countsLate: true });
    const rounds = (back: (path: string) => Json | Outcome, isOver: () => boolean) => {
      for (let n = 0; n < 6 && !isOver(); n++) story.hear().round(Object.fromEntries(story.paths.map((path) => [path, back(path)])));
      expect(isOver()).toBe(true);
    };
    rounds(
      () => 1,
      () => Object.keys(story.stored.fatal).length === 2,
    );
    story.pass(1_000).redrive();
    rounds(
      (path) => (path.startsWith("m/00000") ? finalOf("the last") : 1),
      () => story.out.has("after"),
    );
    const before = stateOf(story.run)["m"];
    story.round({ after: final });
    story.redrive().round();
    expect(story.out.has("after")).toBe(true);
    expect(stateOf(story.run)["m"]).toEqual(before);
    expect(before).toMatchObject([{ ok: false, error: { message: expect.stringContaining("the last") as string } }, { ok: true }]);
  });
});
