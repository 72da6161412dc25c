// An entry, bundled by esbuild in either format with the driver pg, as docs/adopting.md says it.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { projectFolder } from "../support/project-folder.ts";

const ENTRY = `
  import * as z from "zod";
  import { defineWorkflow } from "pgbaton";
  import { createOperator } from "pgbaton/operator";
  import { answerWaits, controlRuns, enqueueRun, maintain, pollQueue } from "pgbaton/lambda";
  export const workflows = [defineWorkflow({ name: "greet", version: 1, input: z.object({}) }).step("only", () => null)];
  export const handlers = [pollQueue({ workflows }), maintain(), enqueueRun({ workflows }), controlRuns({ workflows }), answerWaits({ workflows })];
  export async function look() {
    const operator = createOperator({ url: process.env.DATABASE_URL, driver: "pg" });
    const page = await operator.list();
    await operator.close();
    return page;
  }`;
// A file, since there is a `require` in what Node is given by --eval.
const RUN = `
  const { look } = await import(process.argv[2]);
  console.log(JSON.stringify(await look()));`;
const page = readFileSync(join(ROOT, "docs/adopting.md"), "utf8");
/** The line that the page gives. */
const BANNER = /'(import \{ createRequire \}[^']*)'/.exec(page)?.[1] ?? "";

const folder = projectFolder();
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules/pgbaton"));
  writeFileSync(join(folder, "entry.ts"), ENTRY);
  writeFileSync(join(folder, "run.mjs"), RUN);
});
afterAll(() => database[Symbol.asyncDispose]());

async function look(name: string, options: BuildOptions) {
  const outfile = join(folder, name);
  await build({
    absWorkingDir: folder,
    entryPoints: ["entry.ts"],
    outfile,
    bundle: true,
    platform: "node",
    conditions: ["pgbaton-source"],
    external: ["@aws-sdk/*"],
    define: { "process.env.BATON_BUNDLED_DRIVER": '"pg"' },
    logLevel: "silent",
    ...options,
  });
  const env = { ...process.env, DATABASE_URL: database.url("owner") };
  return spawnSync(process.execPath, ["run.mjs", outfile], { cwd: folder, env, encoding: "utf8" });
}

test("an entry that is bundled as CommonJS, or as ES modules with the banner, loads and reaches the database through pg", async () => {
  for (const ended of [await look("a.cjs", { format: "cjs" }), await look("b.mjs", { format: "esm", banner: { js: BANNER } })])
    expect([ended.stderr, ended.stdout]).toEqual(["", expect.stringMatching(/^\{"runs":\[\]/)]);
});

test("as ES modules without the banner it does not: pg is CommonJS", async () => {
  expect((await look("c.mjs", { format: "esm" })).stderr).toMatch(/Dynamic require of "\w+" is not supported/);
});
