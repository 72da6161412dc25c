// An empty project of ES modules, and a plain Node service without development dependencies.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { createTestDatabase } from "../support/database.ts";
import { emptyDatabase } from "./empty-database.ts";
import { NODE_20, Project } from "./project.ts";

const WORKFLOW = `
  import * as z from "zod";
  import { defineWorkflow, walk } from "pgbaton";
  export const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) })
    .step("compose", ({ input }) => "Hello " + input.name)
    .sleep("pause", "1 second")
    .step("send", ({ compose }) => compose + "!");
  export const walked = await walk(greet, { name: "Eve" });`;

test.each([
  ["the oldest Node that is supported", NODE_20],
  ["the Node of the tests", process.execPath],
])("an empty project of ES modules migrates an empty database and finishes a run, on %s", async (_what, node) => {
  await using database = await emptyDatabase();
  const project = new Project(
    {
      "greet.js": WORKFLOW,
      "main.js": `
        import { createClient } from "pgbaton/client";
        import { migrate } from "pgbaton/migrate";
        import { runPoller } from "pgbaton/node";
        import { createOperator } from "pgbaton/operator";
        import { greet, walked } from "./greet.js";
        const url = process.env.DATABASE_URL;
        await migrate({ url, roles: false });
        const poller = runPoller({ workflows: [greet], signals: false, logger: { debug() {}, info() {}, warn() {}, error: console.error } });
        const client = createClient({ url, nudge: poller.nudge });
        const { id } = await client.enqueue(greet, { name: "Ada" });
        const run = await client.wait(id, { timeout: "1 minute" });
        const operator = createOperator({ url });
        const { runs } = await operator.list({ status: "done" });
        console.log(JSON.stringify({ walked: walked.output ?? walked, output: run.output, listed: runs.map((each) => each.id === id) }));
        await Promise.all([poller.close(), client.close(), operator.close()]);`,
    },
    { type: "module" },
  );
  await project.install("zod", "pg");
  const { stdout, stderr, code } = await project.node(["main.js"], { env: { DATABASE_URL: database.url }, node });
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ output: "Hello Ada!", listed: [true] });
});

test("a plain service without development dependencies ends in good order at SIGTERM, with its run done", async () => {
  await using database = await createTestDatabase();
  const project = new Project({
    "greet.mjs": WORKFLOW,
    "service.cjs": `
      (async () => {
        const { runPoller } = await import("pgbaton/node");
        const { createClient } = await import("pgbaton/client");
        const { greet } = await import("./greet.mjs");
        const poller = runPoller({ workflows: [greet] });
        const client = createClient({ url: process.env.DATABASE_URL, nudge: poller.nudge });
        const { id } = await client.enqueue(greet, { name: "Bob" });
        const run = await client.wait(id, { timeout: "1 minute" });
        console.log("DONE " + run.output);
        await client.close();
        process.kill(process.pid, "SIGTERM");
      })();`,
  });
  await project.install("zod", "pg");
  const { stdout, stderr, code } = await project.node(["service.cjs"], { env: { DATABASE_URL: database.url("owner") } });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("DONE Hello Bob!");
  expect(await database.query("select from baton.lease")).toEqual([]);
});

test("the types of every door compile strictly, without skipping those of packages", async () => {
  const project = new Project(
    {
      "doors.ts": `
        import { defineWorkflow, walk, type InputOf } from "pgbaton";
        import { createClient, type RunView } from "pgbaton/client";
        import { answerWaits, controlRuns, enqueueRun, maintain, pollQueue } from "pgbaton/lambda";
        import { migrate, type SchemaState } from "pgbaton/migrate";
        import { runPoller, serve, type RunningPoller } from "pgbaton/node";
        import { createOperator, type RunPage } from "pgbaton/operator";
        import { matchers, testRuntime, type TestRuntime } from "pgbaton/testing";
        import * as z from "zod";
        const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) }).step("say", ({ input }) => input.name);
        const input: InputOf<typeof greet> = { name: "Ada" };
        // @ts-expect-error a name is a text
        const wrong: InputOf<typeof greet> = { name: 1 };
        const client = createClient({ url: "postgresql://x/y" });
        export const accepted: Promise<{ id: string }> = client.enqueue(greet, input);
        export const output = client.wait<typeof greet>("id", { timeout: "1 second" }).then((run): string | null => run.output);
        export const handlers = [enqueueRun, controlRuns, answerWaits, pollQueue].map((factory) => factory({ workflows: [greet] }));
        export const daily = maintain({ retention: { every: { done: "30 days" } } });
        export const poller: RunningPoller = runPoller({ workflows: [greet], grace: "5 seconds" });
        export const pages: Promise<RunPage> = createOperator({ url: "postgresql://x/y" }).list({ status: "failed" });
        export const tested: Promise<TestRuntime> = testRuntime({ workflows: [greet], now: new Date(0) });
        export type Seen = [typeof matchers, RunView, SchemaState, typeof migrate, typeof serve, typeof walk, typeof wrong];`,
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: "nodenext",
          target: "es2023",
          lib: ["es2023", "esnext.disposable", "dom"],
          types: ["node"],
          skipLibCheck: false,
        },
      }),
    },
    { type: "module" },
  );
  await project.install("zod", "@types/node", "@types/aws-lambda");
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { code, stdout } = await project.node([compiler, "-p", "."]);
  expect([code, stdout]).toEqual([0, ""]);
});

test("the command says its version and its help without any package beside it", async () => {
  const project = new Project({});
  await project.install("zod");
  const bin = "node_modules/pgbaton/dist/package/infra/cli.js";
  const { version } = JSON.parse(
    execFileSync("node", ["-p", "JSON.stringify(require('./package.json'))"], { cwd: ROOT, encoding: "utf8" }),
  ) as { version: string };
  expect(await project.node([bin, "--version"], { node: NODE_20 })).toMatchObject({ code: 0, stdout: `${version}\n` });
  expect((await project.node([bin, "--help"], { node: NODE_20 })).stdout).toContain("Usage: pgbaton");
});
