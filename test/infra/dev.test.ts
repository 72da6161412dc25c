import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished, test } from "vitest";
import * as z from "zod";
import { bannerOf } from "../../infra/dev/banner.ts";
import { bundleEntry } from "../../infra/dev/bundle-entry.ts";
import { exampleInput } from "../../infra/dev/example-input.ts";
import { failureOf } from "../../infra/dev/failure-of.ts";
import { watchSources } from "../../infra/dev/watch-sources.ts";
import type { JsonSchema } from "../../shared/domain/workflow-types.ts";
import { projectFolder } from "../support/project-folder.ts";
import { until } from "../support/until.ts";

const SETTLED_MS = 400;

async function watchedFolder(entry: string) {
  const parent = projectFolder();
  const project = join(parent, "service");
  for (const folder of ["service/.baton", "service/node_modules/a", "service/dist", "service/src", "beside"])
    mkdirSync(join(parent, folder), { recursive: true });
  let changes = 0;
  const watch = await watchSources(project, join(project, entry), { changed: () => changes++, failed: () => undefined });
  onTestFinished(() => watch.close());
  const write = (name: string) => writeFileSync(join(project, name), "");
  return { project, watch, write, changes: () => changes };
}

test("what is no source starts nothing: a log, another file, what lies in folders of tools", async () => {
  const { write, changes } = await watchedFolder("src/index.js");
  for (const name of ["dev.log", "notes.txt", ".baton/entry.mjs", "node_modules/a/index.js", "dist/index.js"]) write(name);
  // A machine that is slow lets a wrong watch pass, never a right one fail.
  await pause(SETTLED_MS);
  expect(changes()).toBe(0);
  for (const [index, name] of ["src/a.ts", "src/b.mjs", "c.json"].entries()) {
    write(name);
    await until(`${name} is told`, () => changes() === index + 1);
  }
});

test("an entry in a folder of tools is a source nevertheless", async () => {
  const { write, changes } = await watchedFolder("dist/index.js");
  write("dist/index.js");
  await until("it is told", () => changes() === 1);
});

test("once its imports are known they are the sources, wherever they lie, and no other file is", async () => {
  const { project, watch, write, changes } = await watchedFolder("src/index.ts");
  write("../beside/shared.ts");
  write("src/index.ts");
  await until("the entry is told", () => changes() === 1);
  watch.narrow([join(project, "src/index.ts"), join(project, "../beside/shared.ts")]);
  write("src/other.ts");
  write("written-by-a-step.json");
  // A machine that is slow lets a wrong watch pass, never a right one fail.
  await pause(SETTLED_MS);
  expect(changes()).toBe(1);
  write("src/index.ts");
  await until("the entry is told", () => changes() === 2);
  await until("what lies beside is told", () => (write("../beside/shared.ts"), changes() > 2), 500);
});

test("a bundle knows its imports, and a mistake in one of them its file, line and column", async () => {
  const folder = projectFolder();
  const entry = join(folder, "index.ts");
  writeFileSync(entry, 'import { part } from "./part.ts";\nexport const workflows = [part];');
  writeFileSync(join(folder, "part.ts"), "export const part = 1;");
  const { module, inputs } = await bundleEntry(entry, folder);
  expect([module, inputs?.toSorted()]).toEqual([join(folder, "entry.mjs"), [entry, join(folder, "part.ts")]]);
  writeFileSync(join(folder, "part.ts"), "export const part = {\n  of: [;\n};\n");
  await expect(bundleEntry(entry, folder)).rejects.toThrow(/^The service does not build: \S*part\.ts:2:8: Unexpected ";"$/);
});

test.each([
  ["an error without a place in the project", new Error("It exports no list."), "It exports no list."],
  ["no error", "a text", 'index.js throws "a text", which is no error.'],
])("why a module cannot be imported: %s", (_what, thrown, sentence) => {
  expect(failureOf(thrown, "index.js", projectFolder())).toBe(sentence);
});

describe("an example of an input", () => {
  it.each<[string, z.ZodType, unknown]>([
    ["has what is required", z.object({ name: z.string(), note: z.string().optional() }), { name: "Ada" }],
    [
      "keeps limits and formats",
      z.object({
        email: z.email(),
        id: z.uuid(),
        day: z.iso.date(),
        at: z.iso.datetime(),
        link: z.url(),
        word: z.string().min(5),
        count: z.int().positive(),
        price: z.number().min(10),
        any: z.int(),
      }),
      {
        email: "ada@example.com",
        id: expect.any(String),
        day: "2030-01-31",
        at: "2030-01-31T12:00:00Z",
        link: "https://example.com",
        word: "Adaaa",
        count: 1,
        price: 10,
        any: 1,
      },
    ],
    [
      "chooses among values",
      z.object({
        size: z.enum(["s", "m"]),
        either: z.union([z.boolean(), z.null()]),
        list: z.array(z.string()).min(1),
        kind: z.literal("a"),
      }),
      { size: "s", either: true, list: ["Ada"], kind: "a" },
    ],
    ["may be null", z.null(), null],
    ["is none where the guess is refused", z.object({ code: z.string().regex(/^\d+$/) }), undefined],
  ])("%s", async (_what, input, example) => {
    expect(await exampleInput({ input: input as JsonSchema })).toEqual(example);
  });
});

describe("the lines to try", () => {
  const database = { url: "postgresql://x", description: "here", close: async () => undefined };
  const banner = (example: string | undefined, version = 1) =>
    bannerOf({ workflows: [{ name: "greet", version, example }], address: "http://127.0.0.1:1" }, "key", database).join("\n");

  it("are words of a shell, and name a version that is not the first", () => {
    expect(banner("it's", 2)).toContain(`npx pgbaton trigger greet --workflow-version 2 --data '"it'\\''s"' --wait`);
    expect(banner("it's")).toContain(`-d '{"input":"it'\\''s"}' http://127.0.0.1:1/workflows/greet/runs`);
  });

  it("leave the input to the reader where none is known", () => {
    expect(banner(undefined)).toContain("npx pgbaton trigger greet --data '<the input of greet, as JSON>' --wait");
    expect(banner(undefined)).not.toContain("/workflows/greet/runs");
  });
});
