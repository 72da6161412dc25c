import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");

/** What the compiler says about a project; nothing when it is content. */
function compile(project: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [compiler, "--noEmit", "--pretty", "false", "-p", project], { cwd: root }, (_, stdout) => resolve(stdout));
  });
}

describe("the types of the authoring API", () => {
  it("accept what must compile and refuse what must not", async () => {
    expect(await compile("test/types")).toBe("");
  });
});

describe("a file of an author", () => {
  let folder = "";

  beforeAll(async () => {
    await mkdir(join(root, "test/reports"), { recursive: true });
    folder = await mkdtemp(join(root, "test/reports/author-"));
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.json", include: ["*.ts"], exclude: [] }));
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
