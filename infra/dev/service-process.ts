import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Json } from "../../shared/domain/json.ts";
import { CommandError, EXIT } from "../cli/exit-codes.ts";
import { type Bundle, bundleEntry } from "./bundle-entry.ts";

/** What the process of a service is started with. */
export interface ServiceOptions {
  readonly entry: string;
  readonly folder: string;
  readonly key: string;
  readonly ticketKeys: string;
  readonly port: number;
  readonly url: string;
  readonly say: (...lines: string[]) => void;
  /** Told of the files that the service is made of; undefined where that is not known. */
  readonly onInputs: (inputs: readonly string[] | undefined) => void;
}

export interface ServedWorkflow {
  readonly name: string;
  readonly version: number;
  /** An input that it takes, where one could be guessed. */
  readonly example?: Json | undefined;
}

/** What the process says once it serves. */
export interface Served {
  readonly workflows: readonly ServedWorkflow[];
  /** Of the HTTP API; undefined: there is none. */
  readonly address?: string;
  /** Why there is no HTTP API. */
  readonly missing?: string;
}

/** What the process says where it does not serve. */
export interface Failure {
  readonly problem: string;
  /** Whether all is well but the port, which no change of a source gives. */
  readonly isOfThePort?: boolean;
}

const AGAIN = "It starts with the next change of a source; Ctrl-C ends it.";

// Beside this file, compiled or not.
const CHILD = fileURLToPath(new URL(`./child${import.meta.url.slice(-3)}`, import.meta.url));

/** The user's code in a process of its own, so that it can be started anew and harm nobody else. */
export class ServiceProcess {
  /** What it last served with; undefined: it has not served yet. */
  served: Served | undefined;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #isEnding = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /**
   * Resolves once it serves, or has said why it does not; the next change tries again. Throws a
   * sentence where its port is not to be had.
   */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      const failure = await this.#begin();
      if (failure?.isOfThePort) throw new CommandError(EXIT.failure, failure.problem);
      if (failure !== undefined) this.#options.say(failure.problem, AGAIN);
    });
  }

  /** As `start`; a port that is not to be had is said like any other failure. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isEnding) return;
      await this.#stop();
      const failure = await this.#begin();
      this.#options.say(...(failure === undefined ? ["A file changed: started again."] : [failure.problem, AGAIN]));
    });
  }

  /** Ctrl-C reaches the child too: its end is no news, and no change starts it again. */
  end(): Promise<void> {
    this.#isEnding = true;
    return this.#inTurn(() => this.#stop());
  }

  /** Any port that was free is taken again: it was told. */
  get #port(): number {
    const { port } = this.#options;
    return port === 0 && this.served?.address !== undefined ? Number(new URL(this.served.address).port) : port;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #begin(): Promise<Failure | undefined> {
    const { entry, folder, key, ticketKeys, say, onInputs } = this.#options;
    let bundle: Bundle;
    try {
      bundle = await bundleEntry(entry, folder);
    } catch (error) {
      // The file that is missing may come.
      onInputs(undefined);
      return { problem: (error as Error).message };
    }
    onInputs(bundle.inputs);
    const child = this.#spawn();
    // It listens from its first message on.
    child.once("message", () => child.send({ module: bundle.module, key, ticketKeys, port: this.#port }));
    const said = await Promise.race([secondMessage(child), once(child, "exit").then(() => ENDED)]);
    if ("problem" in said) {
      child.kill("SIGKILL");
      return said;
    }
    this.served = said;
    this.#child = child;
    child.once("exit", (code) => {
      if (this.#child === child && !this.#isEnding) say(`The service ended by itself (code ${code}); a change of a file starts it again.`);
    });
    return undefined;
  }

  #spawn(): ChildProcess {
    const { folder, url } = this.#options;
    const log = openSync(join(folder, "functions.log"), "a", 0o600);
    const env = { ...process.env, DATABASE_URL: url, BATON_DRIVER: "pg" };
    const args = ["--enable-source-maps", ...process.execArgv, CHILD];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", log, log, "ipc"] });
    // The child has its own copy of it.
    closeSync(log);
    return child;
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

const ENDED: Failure = { problem: "The service ended by itself; why is in .baton/functions.log." };

/** What the child says once it has been told what to do. */
async function secondMessage(child: ChildProcess): Promise<Served | Failure> {
  await once(child, "message");
  const [said] = (await once(child, "message")) as [Served | Failure];
  return said;
}
