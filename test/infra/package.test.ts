import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildFunctions, ROOT } from "../../infra/build.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { type Package, synthesise } from "../../infra/local/start/synthesise.ts";

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** What each bundle may weigh, gzipped, with one driver and without the examples. */
const LIMIT = 110_000;

let folder: string;
let made: Package;
let resources: Readonly<Record<string, Resource>>;

beforeAll(async () => {
  // Below the project, so that a bundle finds the packages that are not in it.
  mkdirSync(join(ROOT, ".baton"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".baton/test-package-"));
  made = await synthesise(folder, { driver: "neon" });
  resources = (JSON.parse(readFileSync(made.templateFile, "utf8")) as { Resources: Record<string, Resource> }).Resources;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function all(type: string): [string, Resource][] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type);
}

/** The names in a zip file, from its central directory. */
function namesIn(zip: Buffer): string[] {
  const names: string[] = [];
  for (let at = zip.indexOf("PK\x01\x02", 0, "latin1"); at >= 0; at = zip.indexOf("PK\x01\x02", at + 4, "latin1")) {
    names.push(zip.toString("utf8", at + 46, at + 46 + zip.readUInt16LE(at + 28)));
  }
  return names;
}

test("each function of the template points to a handler that its bundle exports", async () => {
  const { functions } = readTemplate(made.templateFile);
  expect(functions.map(({ name }) => name)).toEqual(["baton-dev-enqueueRun", "baton-dev-controlRuns", "baton-dev-pollQueue"]);
  for (const { module, handler } of functions) {
    const bundle = (await import(pathToFileURL(join(folder, `${module}.mjs`)).href)) as Record<string, unknown>;
    expect(bundle[handler], `${module}.${handler}`).toBeTypeOf("function");
  }
});

test("each zip holds its function's bundle and source map, and nothing else", () => {
  const zips = readdirSync(join(folder, ".serverless")).filter((name) => name.endsWith(".zip"));
  const contents = Object.fromEntries(zips.map((name) => [name, namesIn(readFileSync(join(folder, ".serverless", name))).sort()]));
  const bundle = (name: string) => [`dist/functions/${name}.mjs`, `dist/functions/${name}.mjs.map`];
  expect(contents).toEqual({
    "controlRuns.zip": bundle("control-runs"),
    "enqueueRun.zip": bundle("enqueue-run"),
    "pollQueue.zip": bundle("poll-queue"),
  });
});

describe.each([
  { driver: "neon", carries: "@neondatabase/serverless", lacks: /node_modules\/(pg|pg-pool|pg-protocol)\// },
  { driver: "pg", carries: "node_modules/pg/", lacks: /node_modules\/@neondatabase\// },
] as const)("a bundle for the driver $driver", ({ driver, carries, lacks }) => {
  test("carries that driver alone, no AWS SDK and, without the examples, at most 110 KB gzipped", async () => {
    const bundles = await buildFunctions({ driver, workflows: false, outdir: join(folder, `sizes-${driver}`) });
    expect(bundles).toHaveLength(3);
    for (const { name, inputs, gzipped } of bundles) {
      expect(gzipped, name).toBeLessThanOrEqual(LIMIT);
      expect(
        inputs.some((input) => input.includes(carries)),
        name,
      ).toBe(true);
      expect(inputs.filter((input) => lacks.test(input) || /node_modules\/(@aws-sdk|@smithy|ws|pg-native)\//.test(input))).toEqual([]);
    }
  });
});

test("functions run on Node 24 and arm64, and at most five pollers at a time", () => {
  const functions = all("AWS::Lambda::Function").map(([, { Properties }]) => Properties);
  for (const properties of functions) expect(properties).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
  const poller = resources["PollQueueLambdaFunction"]?.Properties;
  expect(poller).toMatchObject({ ReservedConcurrentExecutions: 5, Timeout: 300, MemorySize: 1024 });
  expect(poller?.["Environment"]).toMatchObject({ Variables: { BATON_POLLER_TIMEOUT_SECONDS: "300" } });
});

test("a missed schedule, and an event that found no poller, are not repeated", () => {
  const schedules = all("AWS::Scheduler::Schedule").map(([, { Properties }]) => Properties);
  const target = { RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 } };
  expect(schedules).toEqual([expect.objectContaining({ ScheduleExpression: "rate(1 minute)", Target: expect.objectContaining(target) })]);
  const events = all("AWS::Lambda::EventInvokeConfig").map(([, { Properties }]) => Properties);
  expect(events).toEqual([expect.objectContaining({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 })]);
});

test("each function has a role of its own, and no role a wildcard", () => {
  const roles = all("AWS::Lambda::Function").map(([, { Properties }]) => JSON.stringify(Properties["Role"]));
  expect(new Set(roles).size).toBe(roles.length);
  const policies = all("AWS::IAM::Role").map(([, { Properties }]) => JSON.stringify(Properties));
  expect(policies).toHaveLength(4);
  for (const policy of policies) expect(policy).not.toContain("*");
});

test("each function has a log group that forgets, and a database login of its own", () => {
  const groups = all("AWS::Logs::LogGroup").map(([, { Properties }]) => Properties["RetentionInDays"]);
  expect(groups).toEqual([30, 30, 30]);
  const urls = readTemplate(made.templateFile).functions.map(({ environment }) => environment["DATABASE_URL"]);
  expect(new Set(urls).size).toBe(3);
  for (const url of urls) expect(url).toMatch(/^\{\{resolve:ssm:\/baton\/dev\/[a-z-]+\/database-url\}\}$/);
});

test("the template is made again only when what it is made from has changed", async () => {
  const before = readFileSync(made.templateFile);
  rmSync(join(folder, ".serverless/pollQueue.zip"));
  await synthesise(folder, { driver: "neon" });
  expect(readdirSync(join(folder, ".serverless"))).not.toContain("pollQueue.zip");
  expect(readFileSync(made.templateFile)).toEqual(before);
  await synthesise(folder, { driver: "pg" });
  expect(readTemplate(made.templateFile).functions[0]?.environment["BATON_DRIVER"]).toBe("pg");
});
