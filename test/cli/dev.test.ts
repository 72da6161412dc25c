import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ROOT } from "../../infra/root.ts";
import type { RunView } from "../../shared/operator.ts";
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

const sourceOf = (word: string, hook = "first") => `
  import { existsSync } from "node:fs";
  import { setTimeout as pause } from "node:timers/promises";
  import * as z from "zod";
  import { defineWorkflow, Ending } from "pgbaton";
  const [first, second] = ["first", "second"].map((name) => defineWorkflow({ name, version: 1, input: Ending }).step("note", () => null));
  const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }), whenEnded: ${hook} })
    .step("compose", ({ input }) => ${JSON.stringify(word)} + " " + input.name)
    .step("wait", async ({ input }) => {
      while (input.name === "Held" && !existsSync("go")) await pause(20);
      return null;
    })
    .step("send", ({ compose }) => compose);
  export const workflows = [greet, first, second];`;

interface Dev {
  readonly process: ChildProcess;
  said: string;
}

/** `dev`, which says more as time goes on. */
function spawnDev(folder: string): Dev {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"] };
  const child = spawn(process.execPath, ["--conditions=pgbaton-source", CLI, "dev", "service.js", "--port", "0"], { cwd: folder, env });
  endWithUs(child);
  const dev: Dev = { process: child, said: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (dev.said += text));
  return dev;
}

async function startDev(folder: string): Promise<Dev> {
  const dev = spawnDev(folder);
  await until("dev runs", () => dev.said.includes("Ctrl-C") || dev.process.exitCode !== null);
  expect(dev.said).toContain("Baton runs the workflows greet, first, second");
  return dev;
}

/** As `sed -i` and many editors do: the file of that name is another one then. */
function saveByRename(file: string, text: string): void {
  writeFileSync(`${file}~`, text);
  renameSync(`${file}~`, file);
}

const restartsOf = ({ said }: Dev) => said.split("A file changed: started again.").length - 1;

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
    pgbaton(["trigger", "greet", "--entry", "service.js", "--data", JSON.stringify({ name }), ...more], { cwd: folder });
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

test("the line to try works, git is told to leave the folder, and a file that is saved by renames starts it again each time", async () => {
  const folder = makeService();
  const file = join(folder, "service.js");
  writeFileSync(file, sourceOf("Hello"));
  const dev = await startDev(folder);
  expect(readFileSync(join(folder, ".baton/.gitignore"), "utf8")).toBe("*\n");
  const [, args = "", data = ""] = /npx pgbaton (.*) --data '(.*)' --wait/.exec(dev.said) ?? [];
  const tried = await pgbaton([...args.split(" "), "--data", data, "--wait", "--json"], { cwd: folder });
  expect(JSON.parse(tried.stdout)).toMatchObject({ status: "done", output: "Hello Ada" });
  for (const [index, word] of ["Good day", "Good evening", "Good night"].entries()) {
    saveByRename(file, sourceOf(word));
    await until(`it has started again with ${word}`, () => restartsOf(dev) > index);
  }
  const last = await pgbaton([...args.split(" "), "--data", data, "--wait", "--json"], { cwd: folder });
  expect(JSON.parse(last.stdout)).toMatchObject({ output: "Good night Ada" });
  expect(await end(dev, "SIGTERM")).toEqual([0, null]);
});

test("what follows the ending of a run is what the sources say now", async () => {
  const folder = makeService();
  const file = join(folder, "service.js");
  writeFileSync(file, sourceOf("Hello"));
  const dev = await startDev(folder);
  /** The workflow of the run that follows one which has ended. */
  async function follower(): Promise<string> {
    const args = ["trigger", "greet", "--entry", "service.js", "--data", '{"name":"Ada"}', "--wait", "--json"];
    const { followedBy } = JSON.parse((await pgbaton(args, { cwd: folder })).stdout) as RunView;
    return (JSON.parse((await pgbaton(["runs", "get", followedBy[0]!.runId!], { cwd: folder })).stdout) as RunView).workflow;
  }
  expect(await follower()).toBe("first");
  saveByRename(file, sourceOf("Hello", "second"));
  await until("it has started again", () => restartsOf(dev) > 0);
  expect(await follower()).toBe("second");
  expect(await end(dev, "SIGTERM")).toEqual([0, null]);
});

test("code that does not load is told with its place, also where it takes the port, and the next change starts it", async () => {
  const folder = makeService();
  const file = join(folder, "service.js");
  writeFileSync(file, "export const workflows = [nothing];");
  const dev = spawnDev(folder);
  await until("it says why", () => dev.said.includes("The service cannot start: service.js:1:27: nothing is not defined\n"));
  writeFileSync(file, 'import "./part.js";\n');
  writeFileSync(join(folder, "part.js"), "const part = {\n  of: [;\n};\n");
  await until("it says where", () => dev.said.includes("The service cannot start: part.js:2:8: Unexpected token ';'\n"));
  writeFileSync(file, "export const workflows = [1, null];");
  await until("it says what the list holds", () => dev.said.includes("The service cannot start: workflows[0] is of type number"));
  expect(dev.said).not.toContain("Try it");
  writeFileSync(file, sourceOf("Hello"));
  await until("it has started", () => dev.said.includes("Try it"));
  const { port } = new URL(/API +(http\S+)/.exec(dev.said)?.[1] ?? "");
  writeFileSync(
    file,
    `import { createServer } from "node:http";
     await new Promise((listens) => createServer().listen(${port}, "127.0.0.1", listens));
     ${sourceOf("Hello")}`,
  );
  await until("it says that the port is taken", () =>
    new RegExp(`^Port ${port} is taken by .* npx pgbaton dev --port`, "m").test(dev.said),
  );
  writeFileSync(file, sourceOf("Hello"));
  await until("it has started again", () => restartsOf(dev) === 2);
  expect(await end(dev, "SIGTERM")).toEqual([0, null]);
});

test("a port that is taken is told in one sentence with code 1, and a port that is none with 2", async () => {
  const folder = makeService();
  writeFileSync(join(folder, "service.js"), sourceOf("Hello"));
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const taken = await pgbaton(["dev", "service.js", "--port", String(port)], { cwd: folder });
  expect(taken).toEqual({
    code: 1,
    stdout: expect.not.stringContaining("Baton runs"),
    stderr: `Port ${port} is taken by the process with pid ${process.pid}. Choose another one: npx pgbaton dev --port ${port + 1}\n`,
  });
  expect(existsSync(join(folder, ".baton/host.json"))).toBe(false);
  other.close();
  const none = await pgbaton(["dev", "service.js", "--port", "99999"], { cwd: folder });
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("It takes a number from 1 to 65535")]);
});

test("without an entry it says which file is missing, and ends with 2", async () => {
  const ended = await pgbaton(["dev"], { cwd: projectFolder() });
  expect([ended.code, ended.stderr]).toEqual([
    2,
    expect.stringMatching(/^There is no baton\/index here: say which module exports workflows/),
  ]);
});
