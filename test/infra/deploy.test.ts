import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { deploy, type DeployOptions } from "../../infra/deploy.ts";
import { readTarget, regionFrom, requireStage } from "../../infra/deploy/target.ts";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { replaceHooks } from "../../infra/migrate/hooks.ts";
import type { Service } from "../../shared/lambda/service.ts";
import { type EmptyServer, query, startEmptyServer } from "../db/empty-server.ts";
import { both, hooked } from "../support/hooked-runs.ts";
import { projectFolder } from "../support/project-folder.ts";
import { templateOf } from "../support/template.ts";

const scratch = projectFolder();
let server: EmptyServer;
let folder: string;
let url: string;
let lines: string[];
let packageDir: string;

beforeAll(async () => {
  server = await startEmptyServer();
  packageDir = dirname((await templateOf("prod")).templateFile);
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = mkdtempSync(join(scratch, "deploy-"));
  url = await server.createDatabase();
  lines = [];
  return () => rmSync(folder, { recursive: true, force: true });
});

/**
 * A program in the place of `serverless`, which writes down how it was called and what was there by
 * then. The template of a package is there already.
 */
function serverlessEndingWith(exitCode: number, of = "deploy"): string {
  const program = join(folder, "serverless.mjs");
  writeFileSync(
    program,
    `import { existsSync, writeFileSync } from "node:fs";
     const { BATON_DRIVER: driver, DATABASE_URL: owner, AWS_REGION: region } = process.env;
     const built = existsSync(${JSON.stringify(join(folder, "dist/poll-queue.mjs"))});
     const args = process.argv.slice(2);
     writeFileSync(${JSON.stringify(folder)} + "/called-" + args[0], JSON.stringify({ args, driver, owner, region, built }));
     process.exitCode = args[0] === ${JSON.stringify(of)} ? ${exitCode} : 0;`,
  );
  return program;
}

/** How it was called for a command, if it was. */
function called(command = "deploy"): Record<string, unknown> | undefined {
  const file = join(folder, `called-${command}`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : undefined;
}

const target = "Service baton, stage prod, region eu-west-1, account 123456789012";

function options(changed: Partial<DeployOptions> = {}): DeployOptions {
  const log = (line: string) => void lines.push(line);
  const outdir = join(folder, "dist");
  const serverless = changed.serverless ?? serverlessEndingWith(0);
  return {
    stage: "prod",
    region: "eu-west-1",
    findAccount: async () => "123456789012",
    url,
    roles: true,
    migrates: true,
    force: false,
    driver: "pg",
    dryRun: false,
    log,
    outdir,
    packageDir,
    ...changed,
    serverless,
  };
}

test("the functions are built, then the database is migrated, and only then the functions are deployed", async () => {
  await deploy(options());
  expect(lines).toContainEqual(expect.stringMatching(/^applied \d+ functions and \d+ views$/));
  expect(lines.at(-1)).toBe("the months of baton.audit are kept by Baton itself");
  expect(await checkSchema(url)).toBe("current");
  expect(called()).toEqual({
    args: ["deploy", "--stage", "prod", "--region", "eu-west-1"],
    driver: "pg",
    region: "eu-west-1",
    built: true,
  });
});

// Those of this project, which are in the package, and not the tests' own.
const [known] = (await vi.importActual<Service>("../../shared/workflows/index.ts")).workflows;

test.skipIf(known === undefined)(
  "a deployment says what follows the endings of its workflows, in the place of what was said before",
  async () => {
    const { name, version } = known!;
    await migrate({ url, roles: true });
    await replaceHooks({ url, schema: "baton", manifest: hooked(both, name).map((entry) => ({ ...entry, version })) });
    await deploy(options());
    expect(lines).toContain("What follows the endings of runs has changed for 1 of the workflows.");
    const registered = await query(url, "select name, when_failed, when_ended from baton.workflow");
    expect(registered).toEqual([{ name, when_failed: null, when_ended: null }]);
    lines = [];
    await deploy(options());
    expect(lines.filter((line) => line.startsWith("What follows"))).toEqual([]);
  },
);

test("the region is the one that is given, or else that of the environment, as for the aws command", () => {
  const env = { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "us-east-2" };
  expect([regionFrom("us-gov-west-1", env), regionFrom(undefined, env), regionFrom(undefined, { ...env, AWS_REGION: "" })]).toEqual([
    "us-gov-west-1",
    "eu-west-1",
    "us-east-2",
  ]);
});

test("each command that takes a stage refuses a name that could stand in no name of the stack, before anything is done", () => {
  const env = { ...process.env, DATABASE_URL: url, AWS_REGION: "eu-west-1" };
  const commands = [["deploy"], ["cli", "doctor"], ["cli", "logins"], ["acceptance"], ["keys", "list"], ["package"]] as const;
  for (const [command, ...more] of commands) {
    const script = fileURLToPath(new URL(`../../infra/${command}.ts`, import.meta.url));
    const ended = spawnSync(process.execPath, [script, ...more, "--stage", "Pr_od"], { encoding: "utf8", env });
    const stderr = '"Pr_od" cannot be the name of a stage: it takes letters, digits and hyphens. Nothing was done.\n';
    expect(ended, command).toMatchObject({ status: command === "cli" ? 2 : 1, stdout: "", stderr });
  }
});

test("a stage's name is as long as the longest name of a function leaves room for", () => {
  expect(requireStage("a".repeat(46), "Usage: x", "baton")).toHaveLength(46);
  expect(() => requireStage("a".repeat(47), "Usage: x", "baton")).toThrow(/is too long for the name of a stage of baton: it takes 46 /);
  expect(() => requireStage("", "Usage: x", "baton")).toThrow("Say which stage. Usage: x");
});

test("a command that takes a stage and a region says how it is used when it is given something else", () => {
  expect(readTarget(["--stage", "acc"], "Usage: x")).toEqual({ stage: "acc" });
  expect(() => readTarget(["--frob"], "Usage: x")).toThrow("Unknown option '--frob'. Usage: x");
  expect(() => readTarget(["acc"], "Usage: x")).toThrow("Unexpected argument 'acc'. Usage: x");
});

test("service, stage, region and account are said before anything happens, and without credentials nothing does", async () => {
  const findAccount = async () => undefined;
  await expect(deploy(options({ findAccount }))).rejects.toThrow(/^AWS takes no credentials of this machine\. Nothing was done\./);
  expect(lines).toEqual([expect.stringMatching(/^Service baton, stage prod, region eu-west-1, no account: /)]);
  expect(existsSync(join(folder, "dist"))).toBe(false);
  expect(await checkSchema(url)).toBe("none");
  expect(called()).toBeUndefined();
  await deploy(options({ findAccount, dryRun: true }));
  expect([called("package")?.["args"], called()]).toEqual([expect.arrayContaining(["package"]), undefined]);
});

test("functions that cannot be built stop it: nothing is migrated or deployed", async () => {
  const outdir = join(folder, "a-file");
  writeFileSync(outdir, "");
  await expect(deploy(options({ outdir: join(outdir, "below") }))).rejects.toThrow(/not a directory/);
  expect(await checkSchema(url)).toBe("none");
  expect(called()).toBeUndefined();
});

test("a database that cannot be migrated stops it: nothing is deployed", async () => {
  const sqlDir = server.copySql();
  writeFileSync(join(sqlDir, "migrations/9999_next.sql"), "select 1 / 0;");
  await expect(deploy(options({ sqlDir }))).rejects.toThrow("sql/migrations/9999_next.sql was refused: division by zero (22012)");
  expect(called()).toBeUndefined();
});

test.each<[string, () => Partial<DeployOptions>, object]>([
  ["serverless.yml that cannot be packaged", () => ({ serverless: serverlessEndingWith(2, "package") }), { exitCode: 2 }],
  [
    "workflows that cannot be loaded",
    () => {
      const workflows = join(folder, "workflows.ts");
      writeFileSync(workflows, 'throw new Error("no key"); export const workflows = [];');
      return { workflows };
    },
    { name: "UnloadableWorkflowsError" },
  ],
])("%s stops it before anything is touched: nothing is migrated or deployed", async (_what, spoilt, error) => {
  await expect(deploy(options(spoilt()))).rejects.toMatchObject(error);
  expect(await checkSchema(url)).toBe("none");
  expect(called()).toBeUndefined();
});

test("what serverless ends with is what the deployment ends with", async () => {
  await expect(deploy(options({ serverless: serverlessEndingWith(3) }))).rejects.toMatchObject({
    name: "ServerlessFailedError",
    exitCode: 3,
  });
});

test("without roles it makes none", async () => {
  await using fresh = await startEmptyServer();
  const owner = await fresh.createOwner("nocreaterole");
  await deploy(options({ url: owner, roles: false }));
  expect(await query(owner, "select from pg_roles where rolname like 'baton\\_%'")).toHaveLength(0);
  expect(called()).toBeDefined();
});

test("a dry run packages, says how the schema stands, and changes nothing", async () => {
  await deploy(options({ dryRun: true }));
  expect(lines).toEqual([target, "The schema is missing: it would be made."]);
  expect(await checkSchema(url)).toBe("none");
  expect(called("package")?.["args"]).toEqual(["package", "--stage", "prod", "--region", "eu-west-1"]);
  expect(called()).toBeUndefined();
});

test("code that is deployed again after a newer one, to roll back, leaves the newer schema as it is", async () => {
  const newer = server.copySql();
  writeFileSync(join(newer, "migrations/0099_next.sql"), "create table baton.next (id int);");
  appendFileSync(join(newer, "functions/now.sql"), "-- newer\n");
  await migrate({ url, roles: true, sqlDir: newer });
  await deploy(options());
  expect(lines).toEqual([target, "The schema is newer than this code and stays as it is."]);
  expect(await checkSchema(url, newer)).toBe("current");
  expect(called()?.["args"]).toEqual(["deploy", "--stage", "prod", "--region", "eu-west-1"]);
});

test("without migrating, older code is deployed again and the schema stays as it is", async () => {
  await deploy(options({ migrates: false, force: true, url: "" }));
  expect(await checkSchema(url)).toBe("none");
  expect(called()?.["args"]).toEqual(["deploy", "--stage", "prod", "--region", "eu-west-1", "--force"]);
});

test("the command says in one sentence what it lacks", () => {
  const script = fileURLToPath(new URL("../../infra/deploy.ts", import.meta.url));
  const run = (args: string[], databaseUrl = "", region = "eu-west-1") => {
    const env = { ...process.env, DATABASE_URL: databaseUrl, AWS_REGION: region, AWS_DEFAULT_REGION: "" };
    return spawnSync(process.execPath, [script, ...args], { encoding: "utf8", env });
  };
  const usage = "Usage: npm run deploy -- --stage <stage> [--region <region>] [--no-roles] [--no-migrate] [--force] [--dry-run]\n";
  expect(run([])).toMatchObject({ status: 1, stderr: `Say which stage. ${usage}` });
  expect(run(["--stage", "prod"])).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Set DATABASE_URL .*\n$/) });
  expect(run(["--stage", "prod", "--fast"], url)).toMatchObject({ status: 1, stderr: `Unknown option '--fast'. ${usage}` });
  expect(run(["--stage", "prod"], url, "")).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Say which region: .*\n$/) });
  expect(run(["--stage", "prod"], url, "eu")).toMatchObject({ status: 1, stderr: expect.stringMatching(/^"eu" is no region .*\n$/) });
  expect(run(["prod"], url)).toMatchObject({ status: 1, stderr: `Unexpected argument 'prod'. ${usage}` });
});
