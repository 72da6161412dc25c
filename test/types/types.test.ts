import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, createProject, root } from "./compiler.ts";

describe("the types of the authoring API", () => {
  it("accept what must compile and refuse what must not", async () => {
    expect(await compile("test/types")).toBe("");
  });
});

describe("a file of an author", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await createProject();
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Writes a file that stands where its imports of `../index.ts` mean the public door. */
  async function author(source: string): Promise<string> {
    const file = join(folder, "workflow.ts");
    await writeFile(file, source.replace('"../index.ts"', '"../../../shared/index.ts"'));
    return file;
  }

  const begin = `import * as z from "zod";
    import { defineWorkflow } from "../index.ts";
    const order = defineWorkflow({ name: "order", version: 1, input: z.null() }).step("charge", () => 1);`;

  it.each([
    ["a duplicate name", 'order.step("charge", () => 1);', String.raw`"step \"charge\" is already in this workflow"`],
    [
      "a duplicate name, with options",
      'order.step("charge", { output: z.string() }, () => "");',
      String.raw`"step \"charge\" is already in this workflow"`,
    ],
    [
      "a node named input",
      'order.sleep("input", "1 day");',
      String.raw`"\"input\" is the name of the run's input: give the node another name"`,
    ],
    [
      "a Date",
      'order.step("ship", () => new Date());',
      '"what this handler returns is not JSON": "a Date is not JSON: return date.toISOString()"',
    ],
    [
      "unknown",
      'order.sql("ship", (): { statements: []; output: unknown } => ({ statements: [], output: 1 }));',
      "this type is not known to be JSON: give the node an output schema",
    ],
    [
      "a name of the chain around it",
      'order.all("pair", { a: (chain) => chain.step("charge", () => 1) });',
      String.raw`"step \"charge\" is already in this workflow"`,
    ],
    ["a case that no arm has", 'order.choose("route", () => "c", { a: (chain) => chain });', `Type '"c"' is not assignable to type '"a"'`],
    ["an end where a run cannot end", 'order.all("pair", { a: (chain) => chain.end(() => 1) });', "Property 'end' does not exist on type"],
    [
      "an output of the other arm",
      `order.choose("route", () => "a", { a: (chain) => chain.step("x", () => 1), b: (chain) => chain.step("y", () => "y") })
        .step("after", ({ route }) => (route.case === "a" ? route.output.length : 1));`,
      "Property 'length' does not exist on type 'number'",
    ],
    [
      "a Date in a branch",
      'order.all("pair", { a: (chain) => chain.step("x", () => new Date()) });',
      "a Date is not JSON: return date.toISOString()",
    ],
    [
      "Dates as the items of a map",
      'order.map("m", { over: () => [new Date()] }, (chain) => chain.step("x", () => 1));',
      '"what this handler returns is not JSON": "a Date is not JSON: return date.toISOString()"',
    ],
    [
      "a Date that a map collects",
      `order.map("m", { over: () => [1] }, (chain) => chain.step("x", () => 1), { collect: () => new Date(), from: new Date() });`,
      "a Date is not JSON: return date.toISOString()",
    ],
    [
      "a Date of a script's step",
      'order.script("book", async (_, { step }) => void (await step("x", () => new Date())));',
      "a Date is not JSON: return date.toISOString()",
    ],
  ])("is told about %s in a sentence", async (_, line, sentence) => {
    await author(`${begin}\n${line}`);
    expect(await compile(folder)).toContain(sentence);
  });

  it("may be the example of shared/index.ts, which compiles and runs", async () => {
    const door = await readFile(join(root, "shared/index.ts"), "utf8");
    const example = /```ts\n(.*?)```/s.exec(door)?.[1]?.replaceAll(/^ \* ?/gm, "");
    const file = await author(example ?? "");
    expect(await compile(folder)).toBe("");
    const { walked } = (await import(pathToFileURL(file).href)) as { walked: { output: unknown; statements: unknown } };
    expect(walked.output).toEqual({ message: "Order o-1 is paid by charge-walk/charge." });
    expect(walked.statements).toEqual([
      { text: "insert into example.sales values ($1, $2, $3)", values: ["o-1", "charge-walk/charge", 1250] },
    ]);
  });
});
