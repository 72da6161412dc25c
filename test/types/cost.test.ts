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

const nodes = (count: number) => Array.from({ length: count / 10 }, (_, n) => tenNodes(n * 10)).join("");

// Counts are of TypeScript 7.0; they are the same everywhere, and seconds are not.
describe("beside a workflow without nodes, in instantiations", () => {
  let folder = "";
  let base = 0;

  beforeAll(async () => {
    folder = await createProject();
    base = await costOf("no nodes", "");
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** How many types the compiler makes of others; it prints the seconds too. */
  async function costOf(what: string, more: string): Promise<number> {
    await writeFile(join(folder, "workflow.ts"), `${begin}${more};\n`);
    const said = await compile(folder, "--extendedDiagnostics");
    expect(said).not.toContain("error TS");
    const valueOf = (name: string) => Number(new RegExp(`^${name}: +([0-9.]+)`, "m").exec(said)?.[1]);
    console.log(`${what}: ${valueOf("Instantiations")} instantiations, ${valueOf("Total time")} seconds`);
    return valueOf("Instantiations");
  }

  it("100 nodes with chains below them cost fewer than 400,000", async () => {
    expect((await costOf("100 nodes", nodes(100))) - base).toBeLessThan(400_000);
  });

  it("a comparison of workflows costs fewer than 50,000", async () => {
    const more = '; export const several = [order, order.step("a", () => 1), order.step("a", () => 1).step("b", () => 1)]';
    expect((await costOf("an array of three", more)) - base).toBeLessThan(50_000);
  });
});
