import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../infra/local/embedded-postgres.ts";
import { deathSignalPrefix } from "../../infra/local/postgres/lifeline.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface PgBouncer {
  readonly address: Address;
  stop(): Promise<void>;
}

/** PgBouncer is not there, or ended before it took connections. */
export class PgBouncerStartError extends Error {
  override readonly name = "PgBouncerStartError";
}

const PROGRAMS = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
const NOBODY = 65534;
/**
 * Few sessions for many clients, so that a client really meets another one's, and more than the ten
 * that handlers may hold in long statements; the rest is what Neon's pooler has, or the default.
 */
const SETTINGS = { pool_mode: "transaction", default_pool_size: 20, max_client_conn: 500, auth_type: "scram-sha-256" };

/**
 * Starts PgBouncer in transaction mode in front of a Postgres, on 127.0.0.1; it ends with this
 * process. Refuses to run as root, so root lends it `nobody`.
 */
export async function startPgBouncer(server: Address, passwords: ReadonlyMap<string, string>): Promise<PgBouncer> {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) throw new PgBouncerStartError("PgBouncer is not installed. Run: apt-get install pgbouncer");
  const folder = mkdtempSync(join(tmpdir(), "baton-pgbouncer-"));
  const port = await freePort();
  const ids = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const users = [...passwords].map(([user, password]) => `"${user}" "${password}"\n`);
  const files = { "users.txt": users.join(""), "pgbouncer.ini": settingsFile(server, port, folder) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  if (ids.uid !== undefined)
    for (const path of [folder, ...Object.keys(files).map((name) => join(folder, name))]) chownSync(path, ids.uid, ids.gid);
  const [command, ...args] = [...deathSignalPrefix("TERM"), program, "-q", join(folder, "pgbouncer.ini")];
  const child = spawn(command, args, { ...ids, cwd: "/", stdio: "ignore" });
  await listening(child, port, folder);
  return {
    address: { host: "127.0.0.1", port },
    stop: async () => {
      const ended = once(child, "exit");
      // SIGTERM is an immediate shutdown; SIGINT would wait for clients.
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsFile({ host, port }: Address, listenPort: number, folder: string): string {
  const settings = {
    ...SETTINGS,
    listen_addr: "127.0.0.1",
    listen_port: listenPort,
    unix_socket_dir: "",
    auth_file: join(folder, "users.txt"),
    logfile: join(folder, "log"),
    // Each test file has a database of its own, so sessions of those that are gone must not pile
    // up.
    server_idle_timeout: 5,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `[databases]\n* = host=${host} port=${port}\n[pgbouncer]\n${lines.join("\n")}\n`;
}

async function listening(child: ChildProcess, port: number, folder: string): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (child.exitCode !== null) break;
    if (await accepts(port)) return;
    await pause(20);
  }
  child.kill("SIGTERM");
  const log = join(folder, "log");
  throw new PgBouncerStartError(`PgBouncer did not start: ${existsSync(log) ? readFileSync(log, "utf8").trim() : "it wrote no log"}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const connected = await Promise.race([once(socket, "connect").then(() => true), once(socket, "close").then(() => false)]).catch(
    () => false,
  );
  socket.destroy();
  return connected;
}
