import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildFunctions, ROOT } from "../../infra/build.ts";
import { checkRegistry } from "../../infra/check/registry.ts";
import { projectFolder } from "../support/project-folder.ts";
import { templateOf } from "../support/template.ts";

const folder = projectFolder();
const bundles = join(folder, "functions");
const { templateFile } = await templateOf("dev");

/** Checks workflows of a module with this text, as `npm run check`, `package` and `start` do. */
async function check(text: string, template = templateFile): Promise<void> {
  const workflows = join(folder, "workflows.ts");
  writeFileSync(workflows, text.replace("#shared", join(ROOT, "shared/index.ts")));
  const sources = [join(ROOT, "functions/poll-queue.schedule.ts")];
  await buildFunctions({ driver: "neon", outdir: bundles, sources, workflows });
  await checkRegistry({ templateFile: template, bundles });
}

const workflow = (step: string) => `
  import * as z from "zod";
  import { defineWorkflow } from "#shared";
  const slow = defineWorkflow({ name: "slow", version: 1, input: z.strictObject({}) })${step};`;

test("workflows that a poller can load are let through, whatever they print and leave running", async () => {
  await check(`${workflow('.step("wait", { timeout: "290 seconds" }, () => null)')}
    console.log("loaded"); setInterval(() => {}, 1_000);
    export const workflows = [slow];`);
});

test.each<[string, string, string]>([
  [
    "a step that takes longer than the poller",
    `${workflow('.step("wait", { timeout: "10 minutes" }, () => null)')} export const workflows = [slow];`,
    'Workflow "slow", node "wait": its timeout of 600 seconds is longer than the 290 seconds that ',
  ],
  [
    "two workflows of one name and version",
    `${workflow('.step("wait", () => null)')} export const workflows = [slow, slow];`,
    'Workflow "slow": version 1 is registered twice: ',
  ],
  [
    "a bad name",
    `${workflow('.step("Wait now", () => null)')} export const workflows = [slow];`,
    'Workflow "slow", node "Wait now": a name ',
  ],
  ["no nodes", `${workflow("")} export const workflows = [slow];`, 'Workflow "slow": it has no nodes: '],
  ["an error of the author's", 'throw new Error("no key"); export const workflows = [];', "Error: no key, at "],
  ["an error that nobody catches", 'void Promise.reject(new Error("lost")); await new Promise(() => {});', "Error: lost"],
  ["an exit", "process.exit(3); export const workflows = [];", "loading them ended with exit code 3"],
])("%s is refused with a sentence", async (_what, text, sentence) => {
  await expect(check(text)).rejects.toMatchObject({
    name: "UnloadableWorkflowsError",
    message: expect.stringContaining(`The workflows cannot be loaded: ${sentence}`),
  });
});

test("the timeout of the poller is that of the stage's template", async () => {
  const { document } = await templateOf("dev");
  const raised = join(folder, "raised.json");
  writeFileSync(raised, JSON.stringify(document).replace(/("BATON_POLLER_TIMEOUT_SECONDS":"?)300/, "$1700"));
  await check(`${workflow('.step("wait", { timeout: "10 minutes" }, () => null)')} export const workflows = [slow];`, raised);
});
