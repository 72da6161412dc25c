import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { deathSignalPrefix } from "../../../infra/local/postgres/lifeline.ts";
import { until } from "../until.ts";
import { type Outcome, RuntimeApi } from "./runtime-api.ts";

export interface InstanceOptions {
  /** The folder with the built bundles. */
  readonly folder: string;
  /** The bundle's name, such as `poll-queue`. */
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long one invocation may last; then the platform kills the process. Default: 60 s. */
  readonly timeoutMs?: number;
}

const BOOTSTRAP = fileURLToPath(new URL("bootstrap.ts", import.meta.url));

/**
 * One instance of a function as Lambda runs it: a process of its own with the real bundle, driven over the Runtime API.
 *
 * It can be killed, frozen and thawed at any moment, and does not outlive the test.
 */
export class LambdaInstance implements AsyncDisposable {
  readonly #api: RuntimeApi;
  readonly #process: ChildProcess;
  readonly #timeoutMs: number;
  /** What it printed. */
  output = "";

  private constructor(api: RuntimeApi, { folder, bundle, env, timeoutMs = 60_000 }: InstanceOptions) {
    this.#api = api;
    this.#timeoutMs = timeoutMs;
    const [command, ...prefix] = [...deathSignalPrefix("KILL"), process.execPath];
    const { port } = api.server.address() as AddressInfo;
    const runtime = { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`, _HANDLER: `${bundle}.handler`, LAMBDA_TASK_ROOT: folder };
    this.#process = spawn(command, [...prefix, BOOTSTRAP], {
      env: { PATH: process.env["PATH"], ...runtime, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.#process.once("exit", () => this.#api.fail("Runtime.ExitError", "Runtime exited"));
    this.#api.onInitError = () => this.#api.fail("Runtime.InitError", JSON.stringify(this.#api.initError));
  }

  static async start(options: InstanceOptions): Promise<LambdaInstance> {
    const api = new RuntimeApi();
    api.server.listen(0, "127.0.0.1");
    await once(api.server, "listening");
    return new LambdaInstance(api, options);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Runs one event to its end, or to the platform's. remainingMs: what the handler is told that it has (default: the timeout). */
  async invoke(event: unknown = {}, remainingMs = this.#timeoutMs): Promise<Outcome> {
    const timer = setTimeout(() => this.#timeOut(), this.#timeoutMs);
    try {
      return await this.#api.invoke(event, Date.now() + remainingMs);
    } finally {
      clearTimeout(timer);
    }
  }

  /** kill -9, at once. */
  async kill(): Promise<void> {
    if (!this.alive) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Stops it where it stands, as Lambda does between two invocations; resolves when it stands. */
  async freeze(): Promise<void> {
    this.#process.kill("SIGSTOP");
    await until("the process stands still", () => /\) T /.test(readFileSync(`/proc/${this.pid}/stat`, "utf8")));
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#api.server.closeAllConnections();
    this.#api.server.close();
  }

  #timeOut(): void {
    this.#api.fail("Sandbox.Timedout", `Task timed out after ${(this.#timeoutMs / 1_000).toFixed(2)} seconds`);
    void this.kill();
  }
}
