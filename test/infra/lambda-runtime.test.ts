import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { startable } from "../support/lambda/deploy.ts";
import { projectFolder } from "../support/project-folder.ts";
import { firstLine, isAlive, killed, startScript } from "../support/processes.ts";
import { until } from "../support/until.ts";

const folder = projectFolder();
const { start } = startable(folder);
const beats = join(folder, "beats");

writeFileSync(
  join(folder, "probe.mjs"),
  `import { appendFileSync } from "node:fs";
   let calls = 0;
   export const handler = async (event, context) => {
     calls++;
     if (event.beat) setInterval(() => appendFileSync(event.beat, "x"), 1);
     if (event.exit !== undefined) process.exit(event.exit);
     if (event.fail) throw new RangeError("failed on purpose");
     if (event.hang) await new Promise(() => setInterval(() => {}, 60_000));
     console.log("called by", context.awsRequestId);
     return { calls, pid: process.pid, name: process.env.NAME, remainingMs: context.getRemainingTimeInMillis() };
   };`,
);
writeFileSync(join(folder, "broken.mjs"), 'throw new SyntaxError("broken on purpose");');
writeFileSync(join(folder, "empty.mjs"), "export const nothing = 1;");

const payload = (outcome: object) => JSON.parse((outcome as { payload: string }).payload) as Record<string, unknown>;

test("an instance is a process with a memory and an environment of its own, and is told the time it has left", async () => {
  const instance = await start("probe", { NAME: "one" }, 60_000);
  const first = payload(await instance.invoke({}));
  const second = payload(await instance.invoke({}));
  expect(first).toEqual({ calls: 1, pid: instance.pid, name: "one", remainingMs: expect.any(Number) });
  expect(second).toMatchObject({ calls: 2, pid: instance.pid });
  expect(second["remainingMs"]).toBeGreaterThan(0);
  expect(second["remainingMs"]).toBeLessThanOrEqual(60_000);
  await until("both calls are in its log", () => instance.log.match(/called by [\w-]{36}/g)?.length === 2);
});

test("a handler that throws is an error in its outcome and in its log, and the instance lives on", async () => {
  const instance = await start("probe", {});
  expect(await instance.invoke({ fail: true })).toEqual({ error: { errorType: "RangeError", errorMessage: "failed on purpose" } });
  await until("it is in the log", () => instance.log.includes("Invoke Error"));
  expect(payload(await instance.invoke({}))).toMatchObject({ calls: 2 });
});

/** The letter that the system has for what a process does: T is stopped. */
const stateOf = (pid: number) => execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).trim();

test("between invocations an instance stands still", async () => {
  const instance = await start("probe", {});
  await instance.invoke({ beat: beats });
  const size = () => readFileSync(beats, { flag: "a+" }).length;
  // It stops only once it asks for the next invocation, which may be after a beat or two.
  await until("the system says that it is stopped", () => stateOf(instance.pid).startsWith("T"));
  const before = size();
  // no guess: a wrong instance goes on, and whatever the machine does, a right one never does
  await pause(100);
  expect(size()).toBe(before);
  void instance.invoke({ hang: true });
  await until("it goes on", () => size() > before);
});

test.each([
  ["lasts longer than the function's timeout", { hang: true }, "Sandbox.Timedout", "Task timed out after 0.50 seconds"],
  ["exits", { exit: 3 }, "Runtime.ExitError", "Runtime exited with error: exit status 3"],
])("an invocation that %s has an error for an outcome, and its process is gone", async (_what, event, errorType, message) => {
  const instance = await start("probe", {}, 500);
  const errorMessage = expect.stringMatching(new RegExp(`^RequestId: [\\w-]{36} Error: ${message}$`));
  expect(await instance.invoke(event)).toEqual({ error: { errorType, errorMessage } });
  await until("the process is gone", () => !isAlive(instance.pid));
});

test("a killed instance answers its invocation, and every later one, with an error", async () => {
  const instance = await start("probe", {});
  const invoked = instance.invoke({ hang: true });
  await instance.kill();
  const error = { errorType: "Runtime.ExitError", errorMessage: expect.stringMatching(/signal: killed$/) };
  expect(await invoked).toEqual({ error });
  expect(await instance.invoke({})).toEqual({ error });
});

test.each([
  ["broken", "SyntaxError", "broken on purpose"],
  ["empty", "Runtime.HandlerNotFound", "empty.handler is undefined or not exported"],
  ["missing", "Runtime.ImportModuleError", "Cannot find module"],
])("a function that is %s fails its first invocation with the reason", async (name, errorType, message) => {
  const instance = await start(name, {});
  expect(await instance.invoke({})).toEqual({ error: { errorType, errorMessage: expect.stringContaining(message) } });
});

test("an instance ends with the process that started it, also when that is killed and the instance is frozen", async () => {
  const holder = startScript(new URL("../support/lambda/hold-instance.ts", import.meta.url), folder);
  const pid = Number(await firstLine(holder));
  expect(isAlive(pid)).toBe(true);
  await killed(holder);
  await until("the instance is gone", () => !isAlive(pid));
});
