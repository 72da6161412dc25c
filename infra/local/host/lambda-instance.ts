import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { transformSync } from "esbuild";
import { functionArn } from "./arns.ts";
import type { FunctionFacts } from "./template.ts";

/**
 * How an invocation ended: the handler's result as JSON text, or the error that a caller of Lambda
 * sees.
 */
export type Outcome = { readonly payload: string } | { readonly error: { readonly errorType: string; readonly errorMessage: string } };

/** What the instance's thread is started with, and told for each invocation. */
export interface InstanceData {
  readonly file: string;
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMb: number;
}
export interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly deadline: number;
}

/** An instance that ended by itself, which is never in order. */
export interface Crash {
  readonly functionName: string;
  /** In one line: the error, the exit code or the timeout. */
  readonly reason: string;
}

export interface InstanceOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Receives what the function prints, and the whole error behind a crash. */
  readonly log: (text: string) => void;
  readonly onCrash: (crash: Crash) => void;
  /** Told once its thread has ended, in whatever way. */
  readonly onEnd?: () => void;
}

/** What Lambda carries of a function's result, in bytes. */
const RESULT_LIMIT = 6_291_556;

/**
 * By default a thread's garbage may grow to 48 MB before it is collected, for each instance of this
 * machine.
 */
const YOUNG_GENERATION_MB = 8;

let bootstrap: URL | undefined;

/**
 * The thread's program without its types: a thread that read TypeScript would load the compiler for
 * it, 9 MB each.
 */
function bootstrapProgram(): URL {
  if (bootstrap !== undefined) return bootstrap;
  const file = new URL("./lambda-bootstrap.ts", import.meta.url);
  const { code } = transformSync(readFileSync(file, "utf8"), { loader: "ts", format: "esm", sourcefile: file.href });
  return (bootstrap = new URL(`data:text/javascript,${encodeURIComponent(code)}`));
}

/**
 * One Lambda instance: a thread with an environment and a memory of its own that handles one
 * invocation at a time.
 *
 * It ends at the function's timeout, at a crash and when told to; the host lives on.
 */
export class LambdaInstance {
  readonly #facts: FunctionFacts;
  readonly #worker: Worker;
  readonly #options: InstanceOptions;
  #settle: ((outcome: Outcome) => void) | undefined;
  #thrown: { readonly error: unknown } | undefined;
  #told = false;
  alive = true;

  constructor(facts: FunctionFacts, file: string, options: InstanceOptions) {
    this.#facts = facts;
    this.#options = options;
    const { env, log } = options;
    const { handler, name: functionName, memoryMb } = facts;
    const workerData: InstanceData = { file, handler, functionName, functionArn: functionArn(functionName), memoryMb };
    const resourceLimits = { maxOldGenerationSizeMb: facts.memoryMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
    this.#worker = new Worker(bootstrapProgram(), { workerData, env, execArgv: [], resourceLimits, stdout: true, stderr: true });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) stream.setEncoding("utf8").on("data", log);
    this.#worker.on("message", (outcome: Outcome) => this.#answer(carried(outcome)));
    this.#worker.on("error", (error: unknown) => (this.#thrown = { error }));
    this.#worker.on("exit", (code) => this.#ended(code));
  }

  /** Runs one event; resolves at the latest when the function's timeout is over. */
  async invoke(event: string): Promise<Outcome> {
    const { timeoutMs } = this.#facts;
    const timer = setTimeout(() => this.#timeOut(), timeoutMs);
    try {
      return await new Promise<Outcome>((resolve) => {
        this.#settle = resolve;
        const invocation: Invocation = { requestId: randomUUID(), event, deadline: Date.now() + timeoutMs };
        this.#worker.postMessage(invocation);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async end(): Promise<void> {
    this.#told = true;
    await this.#worker.terminate();
  }

  #answer(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }

  #timeOut(): void {
    const errorMessage = `Task timed out after ${(this.#facts.timeoutMs / 1000).toFixed(2)} seconds`;
    this.alive = false;
    this.#answer({ error: { errorType: "Sandbox.Timedout", errorMessage } });
    this.#tell(errorMessage, errorMessage);
    void this.end();
  }

  #ended(code: number): void {
    this.alive = false;
    this.#options.onEnd?.();
    const { error } = this.#thrown ?? {};
    const why = this.#thrown === undefined ? "Runtime exited" : `Runtime exited with error: ${messageOf(error)}`;
    this.#answer({ error: { errorType: "Runtime.ExitError", errorMessage: why } });
    if (this.#told) return;
    if (this.#thrown === undefined) this.#tell(`something in it called process.exit(${code})`, `exit code ${code}`);
    else this.#tell(error instanceof Error ? `${error.name}: ${error.message}` : messageOf(error), inspect(error));
  }

  #tell(reason: string, whole: string): void {
    const functionName = this.#facts.name;
    this.#options.log(`${functionName} crashed: ${whole}\n`);
    this.#options.onCrash({ functionName, reason: reason.split("\n")[0]! });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error);
}

function carried(outcome: Outcome): Outcome {
  if ("error" in outcome || Buffer.byteLength(outcome.payload) <= RESULT_LIMIT) return outcome;
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${RESULT_LIMIT} bytes).`;
  return { error: { errorType: "Function.ResponseSizeTooLarge", errorMessage } };
}
