import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, createProject } from "./compiler.ts";

const begin = `import * as z from "zod";
import { defineWorkflow } from "../../../shared/index.ts";
export const order = defineWorkflow({ name: "order", version: 1, input: z.object({ id: z.string(), items: z.array(z.object({ sku: z.string() })) }) })`;

/** Ten nodes, from a number on, that read one another, and 17 below them. */
const tenNodes = (n: number) => `
  .step("n${n}", ({ input }) => ({ id: input.id }))
  .all("n${n + 1}", {
    a: (chain) => chain.step("x", ({ n${n} }) => n${n}.id).step("y", ({ x }) => x.length),
    b: (chain) => chain.choose("r", ({ n${n} }) => (n${n}.id === "" ? "u" : "v"), { u: (arm) => arm.step("s", () => 1), v: (arm) => arm.step("t", () => "t") }),
  })
  .choose("n${n + 2}", ({ n${n + 1} }) => (n${n + 1}.a > 1 ? "big" : "small"), {
    big: (chain) => chain.step("x", ({ n${n + 1} }) => n${n + 1}.a),
    small: (chain) => chain.step("y", () => 1).end(() => "over"),
  })
  .map("n${n + 3}", { over: ({ input }) => input.items, tolerate: 1 }, (chain) =>
    chain.step("x", ({ item }) => item.sku).map("deep", { over: ({ x }) => [x] }, (inner) => inner.step("e", ({ item }) => item.length)))
  .map("n${n + 4}", { over: ({ input }) => input.items }, (chain) => chain.step("x", ({ item }) => item.sku.length), { collect: (sum, value) => sum + value, from: 0 as number })
  .repeat("n${n + 5}", { max: 5 }, (chain) => chain.step("x", ({ index }) => ({ ok: index > 1 })).step("y", ({ x }) => x.ok), { until: ({ last }) => last.x.ok })
  .script("n${n + 6}", async ({ n${n + 4} }, { step }) => (await step("p", () => n${n + 4})) + 1)
  .sleep("n${n + 7}", "1 hour")
  .sql("n${n + 8}", ({ n${n + 6} }) => ({ statements: [], output: { total: n${n + 6} } }))
  .step("n${n + 9}", { when: ({ n${n + 8} }) => n${n + 8}.total > 1 }, ({ n${n + 5} }) => n${n + 5})`;

describe("a workflow of 100 nodes with chains below them", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await createProject();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** How many types the compiler makes of others, which is the same everywhere, and its seconds. */
  async function costOf(nodes: number): Promise<number> {
    const tens = Array.from({ length: nodes / 10 }, (_, n) => tenNodes(n * 10));
    await writeFile(join(folder, "workflow.ts"), `${begin}${tens.join("")};\n`);
    const said = await compile(folder, "--extendedDiagnostics");
    expect(said).not.toContain("error TS");
    const valueOf = (name: string) => Number(new RegExp(`^${name}: +([0-9.]+)`, "m").exec(said)?.[1]);
    console.log(`${nodes} nodes: ${valueOf("Instantiations")} instantiations, ${valueOf("Total time")} seconds`);
    return valueOf("Instantiations");
  }

  it("costs the compiler less than 1.5 times one of 50; the seconds are printed, beside those of none", async () => {
    const [, some, many] = [await costOf(0), await costOf(50), await costOf(100)];
    expect(many / some).toBeLessThan(1.5);
  });
});
