import { join } from "node:path";
import type { AccessKeys } from "./access-keys.ts";
import { type InstanceOptions, LambdaInstance, type Outcome } from "./lambda-instance.ts";
import type { FunctionFacts } from "./template.ts";

/** All instances that the function may have are at work. */
export class TooManyRequestsError extends Error {
  override readonly name = "TooManyRequestsError";
}

export interface PoolOptions extends Omit<InstanceOptions, "onEnd"> {
  /** Where each instance gets an access key for its life. */
  readonly keys: AccessKeys;
  /** Where the paths of the template begin. */
  readonly codeRoot: string;
  /** Instances at most, also where more concurrency is reserved. */
  readonly instances: number;
  /** How long an instance may idle before it ends. Default: a minute. */
  readonly idleMs?: number | undefined;
}

interface WaitingCall {
  readonly event: string;
  readonly expiresAt: number;
  readonly onTaken: () => void;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

/** AWS keeps an idle instance for minutes; here its memory is wanted back sooner. */
const IDLE_ENDS_AFTER_MS = 60_000;

/**
 * The instances of one function: used again when idle, made on demand, ended after an idle minute.
 *
 * Over its reserved concurrency a synchronous call is refused with TooManyRequestsError, an
 * asynchronous event waits until it is too old.
 */
export class LambdaPool {
  readonly facts: FunctionFacts;
  readonly #options: PoolOptions;
  /** Those that idle, the one that was used last at the end, and the timers that end them. */
  readonly #idle = new Map<LambdaInstance, NodeJS.Timeout>();
  readonly #busy = new Set<LambdaInstance>();
  readonly #waiting: WaitingCall[] = [];
  /** The synchronous ones among those that wait: on AWS each would have an instance. */
  #synchronous = 0;

  constructor(facts: FunctionFacts, options: PoolOptions) {
    this.facts = facts;
    this.#options = options;
  }

  /** The instances that live now. */
  get size(): number {
    return this.#busy.size + this.#idle.size;
  }

  async invoke(event: string): Promise<Outcome> {
    const { reservedConcurrency = Infinity, timeoutMs } = this.facts;
    if (this.#busy.size + this.#synchronous >= reservedConcurrency) throw new TooManyRequestsError("Rate Exceeded.");
    this.#synchronous++;
    return this.#enqueue(event, timeoutMs, () => this.#synchronous--);
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
    for (const timer of this.#idle.values()) clearTimeout(timer);
    await Promise.all([...this.#idle.keys(), ...this.#busy].map((instance) => instance.end()));
  }

  get #full(): boolean {
    return this.#busy.size >= Math.min(this.facts.reservedConcurrency ?? Infinity, this.#options.instances);
  }

  #enqueue(event: string, patienceMs: number, onTaken: () => void = () => undefined): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, expiresAt: Date.now() + patienceMs, onTaken, resolve, reject });
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    while (!this.#full) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      call.onTaken();
      if (call.expiresAt < Date.now()) call.reject(new TooManyRequestsError("The event was dropped: it waited too long."));
      else void this.#run(call);
    }
  }

  async #run({ event, resolve }: WaitingCall): Promise<void> {
    const instance = this.#takeIdle() ?? this.#makeInstance();
    this.#busy.add(instance);
    resolve(await instance.invoke(event));
    this.#busy.delete(instance);
    if (instance.alive) this.#letIdle(instance);
    this.#startWaiting();
  }

  #letIdle(instance: LambdaInstance): void {
    const end = () => {
      this.#idle.delete(instance);
      void instance.end();
    };
    this.#idle.set(instance, setTimeout(end, this.#options.idleMs ?? IDLE_ENDS_AFTER_MS).unref());
  }

  /** The one that was used last, so that the others may end. */
  #takeIdle(): LambdaInstance | undefined {
    for (const [instance, timer] of [...this.#idle].toReversed()) {
      clearTimeout(timer);
      this.#idle.delete(instance);
      if (instance.alive) return instance;
    }
    return undefined;
  }

  #makeInstance(): LambdaInstance {
    const { keys, codeRoot, ...options } = this.#options;
    const key = keys.issue(this.facts);
    const env = { ...options.env, AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
    return new LambdaInstance(this.facts, join(codeRoot, `${this.facts.module}.mjs`), { ...options, env, onEnd: () => keys.revoke(key) });
  }
}
