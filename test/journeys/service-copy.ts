import { type ChildProcess, execFileSync, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findLeftover } from "../../infra/local/embedded-postgres.ts";
import { endWithUs } from "../support/processes.ts";
import { until } from "../support/until.ts";
import { processFacts } from "../../infra/local/start/process-facts.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The files of this project as they are now, without what tools made. */
export function projectFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" });
  return listed.split("\0").filter((name) => isFile(join(ROOT, name)));
}

/** A clone of this project as its files are now, with the installed packages. */
export function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "baton-clone-"));
  for (const file of projectFiles()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Tests run inside npm too, and a clone must not take over what that says about itself. */
export function ofAUser(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|DATABASE_URL$|BATON_|VITEST|NODE_)/.test(name)));
}

/** Git also lists what was removed since, and a folder that is a link. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Gives a clone packages of its own, which npm may change: as hard links where the file system
 * lets it. npm writes over one file, which is copied, and the caches of the tests stay here.
 */
export function ownPackages(folder: string): void {
  const [from, to] = [join(ROOT, "node_modules"), join(folder, "node_modules")];
  rmSync(to);
  if (spawnSync("cp", ["-al", from, to]).status !== 0) {
    rmSync(to, { recursive: true, force: true });
    execFileSync("cp", ["-a", from, to]);
  }
  for (const name of readdirSync(to).filter((entry) => entry.startsWith(".") && entry !== ".bin"))
    rmSync(join(to, name), { recursive: true });
  cpSync(join(from, ".package-lock.json"), join(to, ".package-lock.json"));
}

export function removeProject(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/**
 * Starts a program in a process group of its own, which is killed with the test process at the
 * latest.
 */
export function inGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true });
  endWithUs(child, "group");
  return child;
}

/**
 * One `npm start` in a clone, as a user runs it: a process group of its own, seen through what it
 * prints.
 */
export class RunningService {
  readonly npm: ChildProcess;
  readonly #folder: string;
  #output = "";

  private constructor(folder: string, port: number, env: NodeJS.ProcessEnv, args: readonly string[]) {
    this.#folder = folder;
    this.npm = inGroup("npm", ["start", ...args], {
      cwd: folder,
      env: { ...ofAUser(), NODE_COMPILE_CACHE: join(tmpdir(), "compiled"), PORT: String(port), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.npm.stdout, this.npm.stderr]) stream?.setEncoding("utf8").on("data", (text) => (this.#output += text));
  }

  /** Starts and waits until everything is up. */
  static async start(folder: string, port: number, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<RunningService> {
    const service = new RunningService(folder, port, env, args);
    await service.#prints(/Ctrl-C ends it/);
    if (service.ended) throw new Error(`npm start ended:\n${service.output}`);
    return service;
  }

  /** Starts what is expected to be refused; the line that it ends with. */
  static async refused(folder: string, port: number, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const service = new RunningService(folder, port, env, []);
    const [code] = (await once(service.npm, "close")) as [number | null];
    if (code !== 1) throw new Error(`npm start ended with ${code}:\n${service.output}`);
    return service.output.trim().split("\n").at(-1) ?? "";
  }

  get output(): string {
    return this.#output;
  }

  get key(): string {
    return /^API key +(\S+)$/m.exec(this.#output)?.[1] ?? "";
  }

  get address(): string {
    return /^Baton serves (\S+)$/m.exec(this.#output)?.[1] ?? "";
  }

  /** The Node process that npm started. */
  get nodePid(): number {
    return (JSON.parse(readFileSync(join(this.#folder, ".baton/host.json"), "utf8")) as { host: { pid: number } }).host.pid;
  }

  get postgresPid(): number {
    const [, dataDir = ""] = /PostgreSQL in (\S+), port/.exec(this.#output) ?? [];
    return findLeftover(dataDir)?.pid ?? 0;
  }

  get ended(): boolean {
    return this.npm.exitCode !== null || this.npm.signalCode !== null;
  }

  /**
   * Waits until it has printed something, or has ended; a start takes a while on a busy machine.
   */
  async #prints(pattern: RegExp): Promise<void> {
    await until(`it prints ${pattern}`, () => pattern.test(this.#output) || this.ended).catch((error: Error) => {
      this.kill("group");
      throw new Error(`${error.message} It printed:\n${this.#output}`);
    });
  }

  /** Ends one of its processes, or all but Postgres, as `kill -9` does. */
  kill(which: "npm" | "node" | "group"): void {
    const pid = { npm: () => this.npm.pid!, node: () => this.nodePid, group: () => -this.npm.pid! }[which]();
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Presses Ctrl-C and waits for the end; resolves with npm's exit code. */
  async interrupt(): Promise<number | null> {
    const ended = once(this.npm, "exit");
    process.kill(this.nodePid, "SIGINT");
    const [code] = (await ended) as [number | null];
    return code;
  }

  call(path: string, body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.key}`, ...(body !== undefined && { "content-type": "application/json" }) };
    return fetch(this.address + path, { headers, ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }) });
  }
}

/** Those of some processes that still live. */
export function stillAlive(pids: readonly number[]): number[] {
  return pids.filter((pid) => processFacts(pid) !== undefined);
}
