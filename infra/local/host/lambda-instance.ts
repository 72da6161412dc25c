import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { FunctionFacts } from "./template.ts";

/** How an invocation ended: the handler's result as JSON text, or the error that a caller of Lambda sees. */
export type Outcome = { readonly payload: string } | { readonly error: { readonly errorType: string; readonly errorMessage: string } };

/** What the instance's thread is started with, and told for each invocation. */
export interface InstanceData {
  readonly file: string;
  readonly handler: string;
  readonly functionName: string;
  readonly memoryMb: number;
}
export interface Invocation {
  readonly requestId: string;
  readonly event: string;
  readonly deadline: number;
}

const BOOTSTRAP = new URL("./lambda-bootstrap.ts", import.meta.url);

/**
 * One Lambda instance: a thread with an environment and a memory of its own that handles one invocation at a time.
 *
 * It ends at the function's timeout, at a crash and when told to; the host lives on.
 */
export class LambdaInstance {
  readonly #facts: FunctionFacts;
  readonly #worker: Worker;
  #settle: ((outcome: Outcome) => void) | undefined;
  #reason: Error | undefined;
  alive = true;

  constructor(facts: FunctionFacts, file: string, env: Readonly<Record<string, string>>, log: (text: string) => void) {
    this.#facts = facts;
    const workerData: InstanceData = { file, handler: facts.handler, functionName: facts.name, memoryMb: facts.memoryMb };
    const resourceLimits = { maxOldGenerationSizeMb: facts.memoryMb };
    this.#worker = new Worker(BOOTSTRAP, { workerData, env, resourceLimits, stdout: true, stderr: true });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) stream.setEncoding("utf8").on("data", log);
    this.#worker.on("message", (outcome: Outcome) => this.#answer(outcome));
    this.#worker.on("error", (error) => (this.#reason = error as Error));
    this.#worker.on("exit", () => this.#ended());
  }

  /** Runs one event; resolves at the latest when the function's timeout is over. */
  async invoke(event: string): Promise<Outcome> {
    const { timeoutMs } = this.#facts;
    const timer = setTimeout(() => this.#timeOut(), timeoutMs);
    try {
      return await new Promise<Outcome>((resolve) => {
        this.#settle = resolve;
        const invocation: Invocation = { requestId: randomUUID(), event, deadline: Date.now() + timeoutMs };
        // oxlint-disable-next-line require-post-message-target-origin -- a thread has no origin
        this.#worker.postMessage(invocation);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(outcome: Outcome): void {
    this.#settle?.(outcome);
    this.#settle = undefined;
  }

  #timeOut(): void {
    const seconds = (this.#facts.timeoutMs / 1000).toFixed(2);
    this.alive = false;
    this.#answer({ error: { errorType: "Sandbox.Timedout", errorMessage: `Task timed out after ${seconds} seconds` } });
    void this.end();
  }

  #ended(): void {
    this.alive = false;
    const why = this.#reason === undefined ? "Runtime exited" : `Runtime exited with error: ${this.#reason.message}`;
    this.#answer({ error: { errorType: "Runtime.ExitError", errorMessage: why } });
  }
}
