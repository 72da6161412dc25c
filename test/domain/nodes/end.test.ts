import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { final, Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.object({ country: z.string() }) });
const routed = order
  .choose("route", ({ input }) => (input.country === "DE" ? "domestic" : "abroad"), {
    domestic: (chain) => chain.step("label", () => "l"),
    abroad: (chain) => chain.step("customs", () => "c").end(({ customs }) => ({ held: customs })),
  })
  .step("ship", ({ route }) => route.output);

describe("an end", () => {
  it("ends the run as done, with what its handler returned, and nothing after it begins", () => {
    const story = new Story(routed, { country: "FR" });
    story.round();
    story.round({ "route/abroad/customs": "c" });
    expect(story.sees("route/abroad/~end")).toEqual({ input: { country: "FR" }, customs: "c" });
    expect(story.round({ "route/abroad/~end": { held: "c" } })).toMatchObject({
      rows: [{ path: "route/abroad/~end" }, { path: "~output", position: 0, output: { held: "c" } }],
      starts: [],
      fate: { kind: "done" },
    });
  });

  it("below several chooses ends the run too", () => {
    const deep = order
      .step("a", () => 1)
      .choose("outer", () => "x", { x: (chain) => chain.choose("inner", () => "y", { y: (arm) => arm.end(() => "over") }) })
      .step("never", () => 1);
    const story = new Story(deep, { country: "DE" });
    story.round();
    story.round({ a: 1 });
    expect(story.round({ "outer/x/inner/y/~end": "over" })).toMatchObject({
      rows: [{}, { path: "~output", position: 1, output: "over" }],
      fate: { kind: "done" },
    });
  });

  it("is one handler with its retries: it fails as a step does", () => {
    const story = new Story(routed, { country: "FR" });
    story.round();
    story.round({ "route/abroad/customs": "c" });
    expect(story.round({ "route/abroad/~end": final })).toMatchObject({
      failures: [{ path: "route/abroad/~end" }],
      fate: { kind: "failed" },
    });
    expect(story.redrive().round().starts).toMatchObject([{ path: "route/abroad/~end", attempt: 2 }]);
  });

  it("is no method where a run cannot end: within an all, a map or a repeat", () => {
    const seen: boolean[] = [];
    const look = (chain: object) => void seen.push("end" in chain);
    order
      .choose("a", () => "x", { x: (chain) => (look(chain), chain) })
      .all("b", { x: (chain) => (look(chain), chain.choose("c", () => "y", { y: (arm) => (look(arm), arm.step("d", () => 1)) })) })
      .map("e", { over: () => [1] }, (chain) => (look(chain), chain.step("f", () => 1)))
      .repeat("g", { max: 1, until: () => true }, (chain) => (look(chain), chain.step("h", () => 1)));
    expect(seen).toEqual([true, false, false, false, false]);
  });
});
