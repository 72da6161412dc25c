import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AlreadyRunningError, claimFolder } from "../../infra/local/start/host-file.ts";
import { identityOf, isAlive, type ProcessIdentity } from "../../infra/local/start/process-facts.ts";

let folder: string;
let child: ChildProcess;
let host: ProcessIdentity;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "baton-host-file-"));
  child = spawn("sleep", ["60"]);
  host = identityOf(child.pid!)!;
});
afterEach(() => {
  child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, "host.json");
const gone: ProcessIdentity = { pid: process.pid, startedAt: "another time" };

function leave(content: object): void {
  writeFileSync(file(), JSON.stringify({ port: 4620, ...content }));
}

async function claim(): Promise<() => void> {
  return claimFolder(folder, 4621, undefined);
}

test("a folder has one host, whose file goes with it", async () => {
  const release = await claim();
  expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({ host: identityOf(process.pid), port: 4621 });
  await expect(claim()).rejects.toThrow(AlreadyRunningError);
  release();
  expect(existsSync(file())).toBe(false);
});

test("a process that has the number of a dead host is left alone", async () => {
  leave({ host: { ...host, startedAt: "another time" } });
  await claim();
  expect(isAlive(host)).toBe(true);
});

test("a host whose npm lives is not touched", async () => {
  leave({ host, npm: identityOf(process.pid) });
  await expect(claim()).rejects.toThrow(`pid ${host.pid}, port 4620`);
  expect(isAlive(host)).toBe(true);
});

test("a host that hangs after its npm was killed is ended", async () => {
  leave({ host, npm: gone });
  await claim();
  expect(isAlive(host)).toBe(false);
});

test("a file that was cut off by a kill does not stand in the way", async () => {
  writeFileSync(file(), '{"host":{"pi');
  await claim();
  expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ port: 4621 });
});
