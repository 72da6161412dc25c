import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { buildFunctions, ROOT } from "../../infra/build.ts";
import { reportOf } from "../../infra/build/report.ts";
import { projectFolder } from "../support/project-folder.ts";

const folder = projectFolder();
const outdir = join(folder, "built");

/** A service of one workflow, whose handler is this code, with a package of its own. */
function service(handler: string): string {
  const file = join(folder, "workflows.ts");
  const index = JSON.stringify(join(ROOT, "shared/index.ts"));
  writeFileSync(
    file,
    `import * as z from "zod"; import { defineWorkflow } from ${index};
     export const workflows = [defineWorkflow({ name: "w", version: 1, input: z.null() }).step("s", async () => { ${handler} })];`,
  );
  for (const name of ["@scope/late", "needed"]) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "package.json"), JSON.stringify({ name, type: "module", main: "index.js" }));
  }
  writeFileSync(join(folder, "node_modules/needed/index.js"), `export const word = "needed-by-the-late-one";`);
  writeFileSync(
    join(folder, "node_modules/@scope/late/index.js"),
    `export const word = "late-and-heavy"; export const other = async () => (await import("needed")).word;`,
  );
  return file;
}

test("a package that a handler imports where it needs it is a file of its own beside the poller's bundle, whole", async () => {
  const { packages } = await buildFunctions({ driver: "neon", outdir, workflows: service(`return (await import("@scope/late")).word;`) });
  const files = readdirSync(outdir).filter((name) => name.endsWith(".mjs"));
  const holding = files.filter((name) => readFileSync(join(outdir, name), "utf8").includes("late-and-heavy"));
  expect(holding).toEqual(["poll-queue.scope-late.mjs"]);
  expect(reportOf(packages, [])).toEqual({
    "poll-queue.scope-late": expect.objectContaining({ raw: expect.stringMatching(/KB$/), budget: "–" }),
  });
  const late = (await import(pathToFileURL(join(outdir, holding[0]!)).href)) as { word: string; other: () => Promise<string> };
  expect([late.word, await late.other()]).toEqual(["late-and-heavy", "needed-by-the-late-one"]);
  expect(readFileSync(join(outdir, "poll-queue.mjs"), "utf8")).toContain('import("./poll-queue.scope-late.mjs")');
});

test("a package that is not installed fails the build with its name", async () => {
  const workflows = service(`return (await import("not-installed")).word;`);
  await expect(buildFunctions({ driver: "neon", outdir, workflows })).rejects.toThrow(/Could not resolve "not-installed"/);
});
