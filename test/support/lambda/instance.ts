import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "../until.ts";
import { watchdog } from "../../../infra/local/postgres/lifeline.ts";
import type { Invocation, LambdaError, Outcome } from "./outcome.ts";
import { type RuntimeListener, startRuntimeApi } from "./runtime-api.ts";

export interface InstanceOptions {
  /** The bundle's file name without its ending; its export is `handler`. */
  readonly functionName: string;
  /** Where the bundle is. */
  readonly taskRoot: string;
  readonly env: Readonly<Record<string, string>>;
  /** How long an invocation may last; what is not back by then is killed. */
  readonly timeoutMs: number;
}

/** An invocation that has no outcome yet. */
interface Open {
  readonly requestId: string;
  readonly event: string;
  settle(outcome: Outcome): void;
}

const BOOTSTRAP = fileURLToPath(new URL("bootstrap.ts", import.meta.url));

/**
 * One Lambda instance: an operating-system process with a built bundle in it, which stands still
 * while it has no invocation.
 *
 * It can be killed, frozen and thawed at any moment, dies at the function's timeout, and ends with
 * the test process at the latest.
 */
export class LambdaInstance {
  /** What it has printed so far. */
  log = "";
  readonly #options: InstanceOptions;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #asking: ((invocation: Invocation) => void) | undefined;
  #open: Open | undefined;
  #timer: NodeJS.Timeout | undefined;
  #initError: LambdaError | undefined;
  #alive = true;

  private constructor(options: InstanceOptions, api: string) {
    this.#options = options;
    this.#process = spawn(process.execPath, [BOOTSTRAP], { env: environment(options, api), stdio: ["ignore", "pipe", "pipe"] });
    const { stdout, stderr } = this.#process;
    for (const stream of [stdout!, stderr!]) stream.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    this.#closed = once(this.#process, "close").then(() => this.#died());
  }

  /** A cold start; what goes wrong in it is the outcome of the first invocation. */
  static async start(options: InstanceOptions): Promise<LambdaInstance> {
    let instance: LambdaInstance | undefined;
    const api = await startRuntimeApi(options.functionName, () => instance!.#listener);
    instance = new LambdaInstance(options, api.address);
    const callOff = watchdog(instance.pid, "KILL");
    void instance.#closed.then(() => [callOff(), api.close()]);
    return instance;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** It has no invocation, and stands still. */
  get frozen(): boolean {
    return this.#alive && this.#asking !== undefined;
  }

  /** Invokes the function with an event; one at a time, as on Lambda. */
  invoke(event: unknown): Promise<Outcome> {
    if (this.#open !== undefined) throw new Error("this instance is busy");
    return new Promise((settle) => {
      this.#open = { requestId: randomUUID(), event: JSON.stringify(event), settle };
      if (this.#alive) this.#handOver();
      else this.#died();
    });
  }

  /** SIGKILL: nothing in the process learns of it. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#closed;
  }

  /** SIGSTOP, in the middle of whatever it does. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
  }

  /**
   * From now on the function is told that few of its seconds are left: too few to begin a step, and
   * enough to end well. Resolves when it knows.
   */
  async nearDeadline(): Promise<void> {
    this.#process.kill("SIGALRM");
    await until("it knows that the deadline is near", () => this.log.includes("the deadline is near"));
  }

  /** The function's timeout is over: by itself after `timeoutMs`, or because a test says so. */
  async timeOut(): Promise<void> {
    const seconds = (this.#options.timeoutMs / 1000).toFixed(2);
    this.#fail("Sandbox.Timedout", `Task timed out after ${seconds} seconds`);
    await this.kill();
  }

  get #listener(): RuntimeListener {
    return {
      asks: (deliver) => {
        this.#asking = deliver;
        if (this.#open === undefined) this.freeze();
        else this.#handOver();
      },
      ended: (requestId, outcome) => {
        if (requestId === this.#open?.requestId) this.#settle(outcome);
      },
      failedToStart: (error) => {
        this.#initError = error;
      },
    };
  }

  /**
   * Hands the open invocation over as soon as there are both it and a runtime that asks for one.
   */
  #handOver(): void {
    if (this.#open === undefined || this.#asking === undefined) return;
    const { timeoutMs } = this.#options;
    const { requestId, event } = this.#open;
    this.#timer = setTimeout(() => void this.timeOut(), timeoutMs);
    this.thaw();
    this.#asking({ requestId, event, deadline: Date.now() + timeoutMs });
    this.#asking = undefined;
  }

  #settle(outcome: Outcome): void {
    clearTimeout(this.#timer);
    this.#open?.settle(outcome);
    this.#open = undefined;
  }

  #fail(errorType: string, message: string): void {
    this.#settle({ error: { errorType, errorMessage: `RequestId: ${this.#open?.requestId} Error: ${message}` } });
  }

  #died(): void {
    this.#alive = false;
    const { signalCode, exitCode } = this.#process;
    const how = signalCode === null ? `exit status ${exitCode}` : `signal: ${signalCode === "SIGKILL" ? "killed" : signalCode}`;
    if (this.#initError !== undefined) this.#settle({ error: this.#initError });
    else this.#fail("Runtime.ExitError", `Runtime exited with error: ${how}`);
  }
}

/** Nothing of the test's own environment: only what Lambda sets, and the function's variables. */
function environment({ functionName, taskRoot, env }: InstanceOptions, api: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    AWS_REGION: "eu-central-1",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: "2026/11/24/[$LATEST]0123456789abcdef",
    AWS_LAMBDA_RUNTIME_API: api,
    LAMBDA_TASK_ROOT: taskRoot,
    _HANDLER: `${functionName}.handler`,
    ...env,
  };
}
