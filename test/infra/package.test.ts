import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { buildFunctions } from "../../infra/build.ts";
import { budgetOf } from "../../infra/build/report.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { synthesise } from "../../infra/local/start/synthesise.ts";
import { projectFolder } from "../support/project-folder.ts";
import { templateOf } from "../support/template.ts";

const folder = projectFolder();
const ready = await templateOf("dev");
cpSync(ready.folder, folder, { recursive: true });
const made = await synthesise(folder, { driver: "neon" });

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
  const names = ["enqueueRun", "controlRuns", "answerWaits", "pollQueue", "maintain"];
  expect(functions.map(({ name }) => name)).toEqual(names.map((name) => `baton-dev-${name}`));
  for (const { module, handler } of functions) {
    const bundle = (await import(pathToFileURL(join(folder, `${module}.mjs`)).href)) as Record<string, unknown>;
    expect(bundle[handler], `${module}.${handler}`).toBeTypeOf("function");
  }
});

test("each zip holds its function's bundle and source map; the poller's also what handlers import where they need it, and nothing else", () => {
  const zips = readdirSync(join(folder, ".serverless")).filter((name) => name.endsWith(".zip"));
  const contents = Object.fromEntries(zips.map((name) => [name, namesIn(readFileSync(join(folder, ".serverless", name))).sort()]));
  const late = readdirSync(join(folder, "dist/functions"))
    .filter((name) => /^poll-queue\.(?!heartbeat\.)[\w-]+\.mjs$/.test(name))
    .map((name) => `dist/functions/${name}`);
  const bundle = (name: string) => [`dist/functions/${name}.mjs`, `dist/functions/${name}.mjs.map`];
  expect(contents).toEqual({
    "answerWaits.zip": bundle("answer-waits"),
    "controlRuns.zip": bundle("control-runs"),
    "enqueueRun.zip": bundle("enqueue-run"),
    "maintain.zip": bundle("maintain"),
    "pollQueue.zip": [...bundle("poll-queue"), ...bundle("poll-queue.heartbeat"), ...late].sort(),
  });
});

describe.each([
  { driver: "neon", carries: "@neondatabase/serverless", lacks: /node_modules\/(pg|pg-pool|pg-protocol)\// },
  { driver: "pg", carries: "node_modules/pg/", lacks: /node_modules\/@neondatabase\// },
] as const)("a bundle for the driver $driver", ({ driver, carries, lacks }) => {
  test("carries that driver alone, no AWS SDK and, without the examples, at most 125 KB gzipped, enqueue-run 116", async () => {
    const { functions } = await buildFunctions({ driver, workflows: false, outdir: join(folder, `sizes-${driver}`) });
    expect(functions).toHaveLength(5);
    for (const { name, inputs, gzipped } of functions) {
      expect(gzipped, name).toBeLessThanOrEqual(budgetOf(name));
      expect(
        inputs.some((input) => input.includes(carries)),
        name,
      ).toBe(true);
      expect(inputs.filter((input) => lacks.test(input) || /node_modules\/(@aws-sdk|@smithy|ws|pg-native)\//.test(input))).toEqual([]);
    }
  });
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

test("the template is made again when a variable of the environment that it asks for has changed", async () => {
  const remade = async (value: string) => {
    vi.stubEnv("BATON_DRIVER", value);
    rmSync(join(folder, ".serverless/pollQueue.zip"));
    await synthesise(folder, { driver: "pg" });
    return readdirSync(join(folder, ".serverless")).includes("pollQueue.zip");
  };
  await synthesise(folder, { driver: "pg" });
  expect([await remade("one"), await remade("two")]).toEqual([true, true]);
  vi.unstubAllEnvs();
});
