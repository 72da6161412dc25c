import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import { endWithUs } from "../support/processes.ts";
import { projectFolder } from "../support/project-folder.ts";
import { until } from "../support/until.ts";
import { pgbaton } from "./pgbaton.ts";

const CLI = fileURLToPath(new URL("../../infra/cli.ts", import.meta.url));

/** A service of one workflow, whose second step waits for a file. */
function makeService(): string {
  const folder = projectFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules/pgbaton"));
  writeFileSync(join(folder, "package.json"), '{ "name": "user", "type": "module" }');
  return folder;
}

const sourceOf = (word: string) => `
  import { existsSync } from "node:fs";
  import { setTimeout as pause } from "node:timers/promises";
  import * as z from "zod";
  import { defineWorkflow } from "pgbaton";
  const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) })
    .step("compose", ({ input }) => ${JSON.stringify(word)} + " " + input.name)
    .step("wait", async ({ input }) => {
      while (input.name === "Held" && !existsSync("go")) await pause(20);
      return null;
    })
    .step("send", ({ compose }) => compose);
  export const workflows = [greet];`;

interface Dev {
  readonly process: ChildProcess;
  said: string;
}

async function startDev(folder: string): Promise<Dev> {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"] };
  const child = spawn(process.execPath, ["--conditions=pgbaton-source", CLI, "dev", "service.js", "--port", "0"], { cwd: folder, env });
  endWithUs(child);
  const dev: Dev = { process: child, said: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (dev.said += text));
  await until("dev runs", () => dev.said.includes("Ctrl-C") || child.exitCode !== null);
  expect(dev.said).toContain("Baton runs the workflows greet");
  return dev;
}

async function end(dev: Dev, signal: NodeJS.Signals): Promise<unknown> {
  const ended = once(dev.process, "exit");
  dev.process.kill(signal);
  return ended;
}

test("changed code runs the next run, and what kill -9 left unfinished ends after the next start", async () => {
  const folder = makeService();
  writeFileSync(join(folder, "service.js"), sourceOf("Hello"));
  const dev = await startDev(folder);
  const trigger = async (name: string, ...more: string[]) =>
    pgbaton(["trigger", "greet", "--data", JSON.stringify({ name }), ...more], { cwd: folder });
  const first = await trigger("Ada", "--wait", "--json");
  expect(JSON.parse(first.stdout)).toMatchObject({ status: "done", output: "Hello Ada" });
  await until("it shows the run", () => / {2}done$/m.test(dev.said));

  writeFileSync(join(folder, "service.js"), sourceOf("Good day"));
  await until("it has started again", () => dev.said.includes("A file changed: started again."));
  expect(JSON.parse((await trigger("Bob", "--wait", "--json")).stdout)).toMatchObject({ output: "Good day Bob" });

  const id = (await trigger("Held")).stdout.trim();
  await until("its first step is stored", async () =>
    (await pgbaton(["runs", "get", id], { cwd: folder })).stdout.includes('"Good day Held"'),
  );
  await end(dev, "SIGKILL");
  writeFileSync(join(folder, "go"), "");
  const again = await startDev(folder);
  expect((await pgbaton(["runs", "tail", id], { cwd: folder })).code).toBe(0);
  expect(await end(again, "SIGINT")).toEqual([0, null]);
});

test("code that does not load is told, and the next change starts it", async () => {
  const folder = makeService();
  writeFileSync(join(folder, "service.js"), "export const workflows = [nothing];");
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"] };
  const child = spawn(process.execPath, ["--conditions=pgbaton-source", CLI, "dev", "service.js", "--port", "0"], { cwd: folder, env });
  endWithUs(child);
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  await until("it says why", () => said.includes("The service cannot start: nothing is not defined"));
  await until("it waits for a change", () => said.includes("Ctrl-C"));
  writeFileSync(join(folder, "service.js"), sourceOf("Hello"));
  await until("it has started", () => said.includes("started again"));
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("without an entry it says which file is missing, and ends with 2", async () => {
  const ended = await pgbaton(["dev"], { cwd: projectFolder() });
  expect([ended.code, ended.stderr]).toEqual([
    2,
    expect.stringMatching(/^There is no baton\/index here: say which module exports workflows/),
  ]);
});
