import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import {
  copyProject,
  freePort,
  ofAUser,
  ownPackages,
  projectFiles,
  removeProject,
  RunningService,
} from "../../test/journeys/service-copy.ts";
import { uniqueName, withDatabase } from "../../test/support/cluster.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { until } from "../../test/support/until.ts";

interface Run {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
}

/** The workflow that a user adds before the examples go. */
const GREET = `
import { appendFileSync } from "node:fs";
import * as z from "zod";
import { defineWorkflow } from "../index.ts";

appendFileSync("imported-by", process.pid + "\\n");

const Input = z.strictObject({ name: z.string() });

export const greet = defineWorkflow({ name: "greet", version: 1, input: Input }).step("say", ({ input }) => \`Hello, \${input.name}.\`);
`.trimStart();

/** All that `npm run deploy` does but for what needs an account. */
const DEPLOY = `import("./infra/deploy.ts").then(({ deploy }) => deploy({
  stage: "prod", region: "eu-west-1", driver: "neon", url: process.env.DATABASE_URL, roles: true, migrates: true, force: false, dryRun: false,
  log: console.log, findAccount: async () => "123456789012", serverless: "./serverless.mjs" }))`;

/** Stands in for the program that packages: a template without a poller. */
const PACKAGES = `
import { mkdirSync, writeFileSync } from "node:fs";
mkdirSync(".serverless", { recursive: true });
writeFileSync(".serverless/cloudformation-template-update-stack.json", '{ "Resources": {} }');
`;

let folder: string;
let service: RunningService | undefined;

beforeAll(() => {
  folder = copyProject();
  ownPackages(folder);
  writeFileSync(join(folder, "shared/workflows/greet.ts"), GREET);
  const index = join(folder, "shared/workflows/index.ts");
  const text = readFileSync(index, "utf8").replace(/^\n/m, 'import { greet } from "./greet.ts";\n\n');
  writeFileSync(
    index,
    text.replace("workflows: readonly AnyWorkflow[] = [\n", (found) => `${found}  greet,\n`),
  );
});
afterAll(async () => {
  if (service?.ended === false) await service.interrupt();
  removeProject(folder);
});

async function start(env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<RunningService> {
  return (service = await RunningService.start(folder, await freePort(), env, args));
}

const enqueued = ({ output }: RunningService) => [...output.matchAll(/^Enqueued +(\S+) +(\S+)$/gm)];

async function ends(at: RunningService, id: string): Promise<Run> {
  const find = async () => (await (await at.call(`/runs/${id}`)).json()) as Run;
  await until(`run ${id} has ended`, async () => ["done", "failed"].includes((await find()).status), 250);
  return find();
}

async function greets(at: RunningService): Promise<unknown> {
  const { id } = (await (await at.call("/workflows/greet/runs", { input: { name: "Ada" } })).json()) as Run;
  return (await ends(at, id)).output;
}

/** What a command prints in the clone; throws what it printed when it fails. */
function run(command: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", command], {
    cwd: folder,
    encoding: "utf8",
    env: { ...ofAUser(), PATH: `${join(folder, "node_modules/.bin")}:${process.env["PATH"]}`, ...env },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

describe("npm start with the examples", () => {
  let begun: RunningService;

  beforeAll(async () => {
    begun = await start();
  });

  test("runs all to their end, and one failed attempt is tried again", async () => {
    const runs = await Promise.all(enqueued(begun).map(([, id]) => ends(begun, id!)));
    expect(runs.map(({ status }) => status)).toEqual(["done", "done", "done"]);
    await until("the last lines are printed", () => (begun.output.match(/  done$/gm) ?? []).length === 3);
    expect(begun.output).toMatch(/fulfil-order .* charge +attempt 1 +failed after \d+ ms: the payment service did not answer/);
    expect(begun.output).toMatch(/fulfil-order .* charge +attempt 2 +done in/);
    expect(begun.output).toMatch(/transcode-video .* publish +attempt 1 +done in/);
    expect(begun.output).toMatch(/document-pipeline .* ingest +attempt 1 +done in/);
  });

  test("prints curl lines that work", () => {
    const lines = begun.output.split("\n").filter((line) => line.startsWith("  curl "));
    const answers = lines.map((line) => JSON.parse(execFileSync("sh", ["-c", line], { encoding: "utf8" })) as Record<string, unknown>);
    expect(answers).toEqual([
      { id: expect.any(String), status: "ready" },
      expect.objectContaining({ workflow: "fulfil-order", status: "done" }),
      expect.objectContaining({ runs: expect.any(Array) }),
    ]);
  });

  test("enqueues none in a database of your own unless asked", async () => {
    const { nodePid } = begun;
    const importedBy = () => readFileSync(join(folder, "imported-by"), "utf8").trim().split("\n").map(Number);
    // One process asks for the inputs.
    expect(importedBy().filter((pid) => pid !== nodePid)).toHaveLength(1);
    expect(await begun.interrupt()).toBe(0);
    await using database = await createTestDatabase();
    const external = await start({ DATABASE_URL: database.ownerUrl });
    expect(enqueued(external)).toEqual([]);
    expect(await external.interrupt()).toBe(0);
    const asked = await start({ DATABASE_URL: database.ownerUrl }, ["--", "--demo"]);
    expect(enqueued(asked).map(([, , workflow]) => workflow)).toEqual(["fulfil-order", "transcode-video", "document-pipeline"]);
    expect(await asked.interrupt()).toBe(0);
  });
});

function isTheSame(file: string): boolean {
  return existsSync(join(folder, file)) && readFileSync(join(folder, file)).equals(readFileSync(join(ROOT, file)));
}

describe("rm -r examples", () => {
  const commandsOf = (page: string) =>
    /^## Remove the examples\n[^#]*?^```sh\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, page), "utf8"))?.[1] ?? "";

  beforeAll(async () => {
    if (service?.ended === false) await service.interrupt();
    run(commandsOf("examples/README.md"));
  });

  test("is the same three commands in both pages, and leaves neither folder nor packages nor a change but theirs", () => {
    expect(commandsOf("docs/authoring.md")).toBe(commandsOf("examples/README.md"));
    expect(commandsOf("examples/README.md").trim().split("\n")).toHaveLength(3);
    expect(
      ["examples", "node_modules/gifenc", "node_modules/gifuct-js", "node_modules/unpdf", "node_modules/marked"].filter((path) =>
        existsSync(join(folder, path)),
      ),
    ).toEqual([]);
    expect(readFileSync(join(folder, "package-lock.json"), "utf8")).not.toMatch(/gifenc|gifuct|unpdf|marked|htmlparser2/);
    const changed = projectFiles().filter((file) => !isTheSame(file) && !file.startsWith("examples/"));
    expect(changed).toEqual(["package-lock.json", "shared/workflows/index.ts"]);
  });

  test("leaves code that compiles and is checked", () => {
    run("tsc --noEmit");
    run("oxlint --type-aware shared/workflows");
    run("npm run -s check:architecture");
    run("prettier --check shared/workflows package.json");
    run("npm run -s check:schema");
  });

  test("leaves a database as it is that has their tables, and a new one without them", async () => {
    const { adminUrl } = inject("testServer");
    await using known = await createTestDatabase();
    const fresh = uniqueName("baton_fresh");
    await withClient(adminUrl, (client) => client.query(`create database ${fresh}`));
    const lines = run("npm run -s migrate", { DATABASE_URL: known.ownerUrl });
    expect(lines).toContain("applied here before and not in this code: 0100_example, 0101_documents; what it made stays as it is");
    expect(await known.query("select from example.videos, example.documents")).toEqual([]);
    writeFileSync(join(folder, "serverless.mjs"), PACKAGES);
    run(`node -e '${DEPLOY}'`, { DATABASE_URL: withDatabase(adminUrl, fresh) });
    await withClient(withDatabase(adminUrl, fresh), async (client) => {
      expect((await client.query("select from pg_namespace where nspname in ('baton', 'example')")).rowCount).toBe(1);
    });
    await withClient(adminUrl, (client) => client.query(`drop database ${fresh} with (force)`));
  });

  test("leaves a service that is packaged, starts over what the examples left, and runs the workflow of its own", async () => {
    const left = await start();
    expect(enqueued(left)).toEqual([]);
    expect(await greets(left)).toBe("Hello, Ada.");
    expect(await left.interrupt()).toBe(0);
  });

  test("leaves tests that pass", () => {
    run("vitest run test/architecture test/functions/enqueue-run.test.ts");
  });
});
