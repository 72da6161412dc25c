import { join } from "node:path";
import { type InstanceOptions, LambdaInstance, type Outcome } from "./lambda-instance.ts";
import type { FunctionFacts } from "./template.ts";

/** All instances that the function may have are at work. */
export class TooManyRequestsError extends Error {
  override readonly name = "TooManyRequestsError";
}

export interface PoolOptions extends InstanceOptions {
  /** Where the paths of the template begin. */
  readonly codeRoot: string;
}

interface WaitingCall {
  readonly event: string;
  readonly expiresAt: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/**
 * AWS would start any number of instances of a function without a reservation; here further calls
 * wait for one of these.
 */
const INSTANCES_WITHOUT_RESERVATION = 4;

/**
 * The instances of one function: used again when idle, made on demand, never more than its reserved
 * concurrency.
 *
 * Over that limit a synchronous call is refused with TooManyRequestsError, an asynchronous event
 * waits until it is too old.
 */
export class LambdaPool {
  readonly facts: FunctionFacts;
  readonly #options: PoolOptions;
  readonly #idle: LambdaInstance[] = [];
  readonly #busy = new Set<LambdaInstance>();
  readonly #waiting: WaitingCall[] = [];

  constructor(facts: FunctionFacts, options: PoolOptions) {
    this.facts = facts;
    this.#options = options;
  }

  async invoke(event: string): Promise<Outcome> {
    if (this.#full && this.facts.reservedConcurrency !== undefined) throw new TooManyRequestsError("Rate Exceeded.");
    return this.#enqueue(event, this.facts.timeoutMs);
  }

  /**
   * Resolves when the event was handled; rejects with TooManyRequestsError when it became too old
   * first and was dropped.
   */
  invokeAsync(event: string): Promise<Outcome> {
    return this.#enqueue(event, this.facts.maximumEventAgeMs);
  }

  async end(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all([...this.#idle, ...this.#busy].map((instance) => instance.end()));
  }

  get #full(): boolean {
    return this.#busy.size >= (this.facts.reservedConcurrency ?? INSTANCES_WITHOUT_RESERVATION);
  }

  #enqueue(event: string, patienceMs: number): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, expiresAt: Date.now() + patienceMs, resolve, reject });
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    while (!this.#full) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      if (call.expiresAt < Date.now()) call.reject(new TooManyRequestsError("The event was dropped: it waited too long."));
      else void this.#run(call);
    }
  }

  async #run({ event, resolve }: WaitingCall): Promise<void> {
    const instance = this.#takeIdle() ?? this.#makeInstance();
    this.#busy.add(instance);
    resolve(await instance.invoke(event));
    this.#busy.delete(instance);
    if (instance.alive) this.#idle.push(instance);
    this.#startWaiting();
  }

  #takeIdle(): LambdaInstance | undefined {
    for (;;) {
      const instance = this.#idle.pop();
      if (instance === undefined || instance.alive) return instance;
    }
  }

  #makeInstance(): LambdaInstance {
    return new LambdaInstance(this.facts, join(this.#options.codeRoot, `${this.facts.module}.mjs`), this.#options);
  }
}
