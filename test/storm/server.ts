import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { type EmbeddedPostgres, PostgresStartError, startPostgres } from "../../infra/local/embedded-postgres.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { migrate } from "../../infra/migrate.ts";
import { isAlive } from "../support/processes.ts";
import { entryTable } from "./workflow.ts";

export type Caller = (typeof CALLERS)[number];

const CALLERS = ["producer", "signaller", "poller", "operator", "reader"] as const;

/**
 * What Postgres may say in a storm: connections that end, locks and times that are over, and what
 * the engine itself refuses.
 */
const LAWFUL = /^(57|08|55P03|53300|23505|BT|25P02|00)/;
// A server that stops at once is no loss of what was committed, whatever fsync is; that it is
// committed is what this setting says.
const SETTINGS = { synchronous_commit: "on", full_page_writes: "on", log_line_prefix: "%e ", max_connections: 200, max_wal_size: "4GB" };

/**
 * A migrated Postgres of its own that is stopped at once, as in a crash, and started again on the
 * same port.
 */
export class StormServer {
  /** Lines of the log that no weather explains. */
  readonly strange: string[] = [];
  readonly folder: string;
  readonly port: number;
  deadlocks = 0;
  #server: EmbeddedPostgres;
  #password = randomBytes(12).toString("hex");

  private constructor(folder: string, port: number, server: EmbeddedPostgres) {
    this.folder = folder;
    this.port = port;
    this.#server = server;
  }

  static async start(): Promise<StormServer> {
    const folder = mkdtempSync(join(tmpdir(), "baton-storm-"));
    const port = await lowPort();
    const server = new StormServer(folder, port, await launch(folder, port));
    await migrate({ url: server.ownerUrl, roles: true });
    for (const caller of CALLERS) {
      await createLogin({ url: server.ownerUrl, name: caller, password: server.#password, memberOf: `baton_${caller}` });
    }
    await withClient(server.ownerUrl, (client) => client.query(entryTable));
    return server;
  }

  get ownerUrl(): string {
    return this.#server.url;
  }

  url(caller: Caller): string {
    return Object.assign(new URL(this.ownerUrl), { username: caller, password: this.#password }).href;
  }

  /** An immediate shutdown, without a checkpoint, and a start that recovers from it. */
  async restart(): Promise<void> {
    process.kill(this.#server.pid, "SIGQUIT");
    while (isAlive(this.#server.pid)) await pause(10);
    this.#readLog();
    this.#server = await launch(this.folder, this.port);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    this.#readLog();
  }

  remove(): void {
    const { dataDir } = this.#server;
    for (const path of [this.folder, dataDir, `${dataDir}.password`, `${dataDir}.log`]) rmSync(path, { recursive: true, force: true });
  }

  /** Each start begins a new log. */
  #readLog(): void {
    for (const line of readFileSync(`${this.#server.dataDir}.log`, "utf8").split("\n")) {
      const [, sqlstate = ""] = /^(\w{5}) (?:ERROR|FATAL|PANIC): /.exec(line) ?? [];
      if (sqlstate === "40P01") this.deadlocks++;
      if (sqlstate !== "" && !LAWFUL.test(sqlstate)) this.strange.push(line);
    }
  }
}

/** Right after a crash its port may still be held for a moment. */
async function launch(folder: string, port: number): Promise<EmbeddedPostgres> {
  for (let tried = 1; ; tried++) {
    try {
      return await startPostgres({ dataDir: join(folder, "postgres"), port, fsync: false, settings: SETTINGS });
    } catch (error) {
      if (!(error instanceof PostgresStartError) || tried === 20) throw error;
      await pause(500);
    }
  }
}

/**
 * A free port below those that the system gives to outgoing connections, which could take it while
 * the server is away.
 */
async function lowPort(): Promise<number> {
  for (let tried = 1; ; tried++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer().listen(port, "127.0.0.1");
    const free = await once(probe, "listening").then(
      () => true,
      () => false,
    );
    if (free) probe.close();
    if (free) return port;
    if (tried === 50) throw new Error("No port from 20000 to 32000 is free.");
  }
}
