import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { Json } from "../../../shared/domain/json.ts";
import { bytesOf, stateOf } from "../../../shared/domain/run.ts";
import { defineWorkflow } from "../../../shared/domain/workflow.ts";
import { final, Story } from "./story.ts";

const order = defineWorkflow({ name: "order", version: 1, input: z.object({ items: z.array(z.json()) }) });
const over = ({ input }: { readonly input: { readonly items: readonly Json[] } }) => input.items;
const path = (index: number) => `m/${String(index).padStart(5, "0")}/encode`;
const inputOf = (count: number) => ({ items: Array.from({ length: count }, (_, n) => n) });

describe("a map that collects", () => {
  const sum = (total: Json, value: Json) => (total as number) + (value as number);
  const collecting = (more: object = {}) =>
    order
      .map("m", { over, concurrency: 250, collect: sum, from: 0, ...more }, (chain) => chain.step("encode", () => 1))
      .step("after", () => 1);
  const all = (count: number, from = 0) => Object.fromEntries(Array.from({ length: count }, (_, n) => [path(from + n), from + n]));

  it("stores the sum of each hundred in one row, in the order of items, and lets go of these", () => {
    const story = new Story(collecting(), inputOf(250));
    story.round();
    const before = bytesOf(story.run);
    expect(story.round(all(99, 1)).rows.map((row) => row.path)).not.toContain("m/~fold/00100");
    const { rows } = story.round({ [path(0)]: 0 });
    expect(rows.slice(1)).toMatchObject([{ path: "m/~fold/00100", attempt: 0, output: { sum: 4950, failed: 0 } }]);
    expect(bytesOf(story.run)).toBe(before + rows[1]!.bytes);
    story.round(all(100, 100));
    expect(story.round(all(50, 200)).starts).toMatchObject([{ path: "after" }]);
    expect(stateOf(story.run)["m"]).toBe((249 * 250) / 2);
  });

  const kilobytes = (count: number) => "x".repeat(1024 * count);

  it("adds fewer than a hundred where they come to 1 MiB, so that results of 200 KB fit", () => {
    const story = new Story(collecting({ concurrency: 6, collect: (total: number) => total + 1 }), inputOf(20));
    story.round();
    for (let n = 0; n < 20; n += 6) {
      story.round(Object.fromEntries(story.paths.map((each) => [each, kilobytes(200)])));
      expect(bytesOf(story.run)).toBeLessThan(1.5 * 1024 * 1024);
    }
    expect(Object.keys(story.stored.outputs).filter((row) => row.includes("~fold"))).toEqual(
      ["00006", "00012", "00018", "00020"].map((end) => `m/~fold/${end}`),
    );
    expect(stateOf(story.run)["m"]).toBe(20);
  });

  it("begins no more items while 1 MiB of results waits behind a slow one", () => {
    const story = new Story(collecting({ concurrency: 5, collect: (total: number) => total + 1 }), inputOf(60));
    story.round();
    while (story.paths.length > 1) story.round(Object.fromEntries(story.paths.slice(1).map((each) => [each, kilobytes(200)])));
    expect(story.paths).toEqual([path(0)]);
    expect(bytesOf(story.run)).toBeLessThan(2 * 1024 * 1024);
    expect(story.round({ [path(0)]: 1 }).starts).toHaveLength(5);
  });

  it("begins anew in each run, whatever collect does to what it begins with", () => {
    const pushing = (list: unknown[], value: Json) => (list.push(value), list);
    for (let runs = 0; runs < 2; runs++) {
      const story = new Story(collecting({ collect: pushing, from: [] }), inputOf(1));
      story.round();
      expect(story.round(all(1)).fate).toMatchObject({ kind: "failed", error: { message: expect.stringContaining("not extensible") } });
    }
    expect(() => collecting({ from: new Date() })).toThrow("cannot be stored as JSON");
  });

  it("of an empty list is what it began with", () => {
    const story = new Story(collecting(), inputOf(0));
    story.round();
    expect(stateOf(story.run)["m"]).toBe(0);
  });

  it("goes on from its last fold when another poller claims its run, also without the rows of what is collected", () => {
    const story = new Story(collecting({ concurrency: 100 }), inputOf(150));
    story.round();
    story.round(all(100));
    for (let n = 0; n < 100; n++) delete story.stored.outputs[path(n)];
    story.claim().round();
    expect(story.paths[0]).toBe(path(100));
    story.round(all(50, 100));
    expect(stateOf(story.run)["m"]).toBe((149 * 150) / 2);
  });

  it("hands collect the settlements where it tolerates, and counts on over its folds how many failed", () => {
    const count = (total: Json, value: Json) => (total as number) + Number((value as { ok: boolean }).ok);
    const story = new Story(collecting({ collect: count, tolerate: 1 }), inputOf(150));
    story.round();
    expect(story.round({ ...all(100), [path(7)]: final }).rows.at(-1)).toMatchObject({ output: { sum: 99, failed: 1 } });
    expect(story.claim().round().fate.kind).toBe("stay");
    expect(story.round({ [path(100)]: final }).fate.kind).toBe("stay");
    const rest = Object.fromEntries(story.paths.map((each) => [each, 1]));
    expect(story.round(rest).fate).toMatchObject({ kind: "failed", error: { message: expect.stringContaining("2 of 150 items") } });
  });

  it.each([
    [
      "throws",
      () => {
        throw new RangeError("no");
      },
      "no",
    ],
    ["returns a promise", async () => 1, "its collect returned a promise"],
    ["returns what is not JSON", () => NaN, "NaN"],
  ])("whose collect %s fails for good, and may be redriven", (_, collect, message) => {
    const story = new Story(collecting({ collect: collect as never }), inputOf(1));
    story.round();
    const failure = { path: "m", attempt: 1, error: { message: expect.stringContaining(message) } };
    expect(story.round(all(1))).toMatchObject({ failures: [failure], fate: { kind: "failed" } });
    expect(story.redrive().round()).toMatchObject({ failures: [{ ...failure, attempt: 2 }], fate: { kind: "failed" } });
  });

  it("may say so after its chain", () => {
    const later = order.map("m", { over }, (chain) => chain.step("encode", () => 1), {
      collect: (total: number, value) => total + value,
      from: 5,
    });
    const story = new Story(later, inputOf(1));
    story.round();
    story.round({ [path(0)]: 2 });
    expect(stateOf(story.run)["m"]).toBe(7);
  });
});
