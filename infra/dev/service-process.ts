import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleEntry } from "./bundle-entry.ts";

/** What the process of a service is started with. */
export interface ServiceOptions {
  readonly entry: string;
  readonly folder: string;
  readonly key: string;
  readonly port: number;
  readonly url: string;
  readonly say: (line: string) => void;
}

/** What the process says once it serves. */
interface Started {
  readonly workflows: readonly string[];
  /** Why there is no HTTP API; undefined: there is one. */
  readonly missing?: string;
}

// Beside this file, compiled or not.
const CHILD = fileURLToPath(new URL(`./child${import.meta.url.slice(-3)}`, import.meta.url));

/** The user's code in a process of its own, so that it can be started anew and harm nobody else. */
export class ServiceProcess {
  workflows: readonly string[] = [];
  /** Why there is no HTTP API. */
  missing: string | undefined;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Resolves once it serves, or has said why it does not; the next change tries again. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#begin());
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop();
      await this.#begin();
      if (this.#child !== undefined) this.#options.say("A file changed: started again.");
    });
  }

  end(): Promise<void> {
    return this.#inTurn(() => this.#stop());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    return (this.#turn = this.#turn.then(work));
  }

  async #begin(): Promise<void> {
    const { folder, key, port, url, say } = this.#options;
    let entry: string;
    try {
      entry = await bundleEntry(this.#options.entry, folder);
    } catch (error) {
      return say((error as Error).message);
    }
    const log = openSync(join(folder, "functions.log"), "a", 0o600);
    const env = { ...process.env, DATABASE_URL: url, BATON_DRIVER: "pg" };
    const child = spawn(process.execPath, ["--enable-source-maps", ...process.execArgv, CHILD], {
      env,
      stdio: ["ignore", log, log, "ipc"],
    });
    // The child has its own copy of it.
    closeSync(log);
    // It listens from its first message on.
    child.once("message", () => child.send({ entry, key, port }));
    const started = await Promise.race([secondMessage(child), once(child, "exit").then(() => undefined)]);
    const [said] = (started ?? [{ problem: "The service ended by itself; why is in .baton/functions.log." }]) as [
      Started | { problem: string },
    ];
    if ("problem" in said) {
      say(said.problem);
      child.kill("SIGKILL");
      return;
    }
    this.workflows = said.workflows;
    this.missing = said.missing;
    this.#child = child;
    child.once("exit", (code) => {
      if (this.#child === child) say(`The service ended by itself (code ${code}); a change of a file starts it again.`);
    });
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}

/** What the child says once it has been told what to do. */
async function secondMessage(child: ChildProcess): Promise<unknown[]> {
  await once(child, "message");
  return once(child, "message");
}
