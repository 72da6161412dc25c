import { AsyncLocalStorage } from "node:async_hooks";
import { Abort } from "./abort.ts";
import { joinPatches } from "../../domain/attributes.ts";
import type { JsonObject } from "../../domain/json.ts";
import type { Lease } from "./lease.ts";

const scope = new AsyncLocalStorage<Attempt>();

type State =
  | { readonly kind: "called" }
  /** Somebody waits for its handler; reject ends the wait. */
  | { readonly kind: "awaited"; readonly reject: (thrown: unknown) => void }
  /** Something of it has escaped: it fails, whatever its handler still does. */
  | { readonly kind: "failed"; readonly thrown: unknown }
  | { readonly kind: "over" };
const called: State = { kind: "called" };
const over: State = { kind: "over" };

/**
 * One call of a handler. Everything that the call sets going, timers and promises included, finds
 * it again by `currentAttempt`, so that an error which escapes the handler is known for that of its
 * run.
 */
export class Attempt extends Abort {
  readonly runId: string;
  /** Where its output is stored. */
  readonly path: string;
  readonly number: number;
  /** The lease that holds its run. */
  readonly lease: Lease;
  #state: State = called;
  #patch: JsonObject | undefined;
  #isStopped = false;

  constructor(lease: Lease, runId: string, path: string, number: number) {
    super();
    this.lease = lease;
    this.runId = runId;
    this.path = path;
    this.number = number;
  }

  /** From now on somebody waits for what the handler returns. */
  wait(reject: (thrown: unknown) => void): void {
    if (this.#state.kind === "failed") reject(this.#state.thrown);
    else this.#state = { kind: "awaited", reject };
  }

  /** Nobody waits any more. */
  end(): void {
    this.#state = over;
  }

  /** What it has changed of its run's attributes so far. */
  get patch(): JsonObject | undefined {
    return this.#patch;
  }

  /**
   * Changes attributes of its run; once it is over, what is stored of it is on its way, and nothing
   * but a line of the log comes of it.
   */
  setAttributes(patch: JsonObject): void {
    const joined = joinPatches(this.#patch ?? {}, patch);
    if (this.#state !== over) this.#patch = joined;
    else
      this.lease.poller.logger.warn("attributes were set after their attempt was over, and are dropped", {
        runId: this.runId,
        node: this.path,
        attempt: this.number,
      });
  }

  /** Makes it fail, whatever its handler still does. False: it is over. */
  fail(thrown: unknown): boolean {
    const state = this.#state;
    if (state.kind === "over") return false;
    if (state.kind === "failed") return true;
    this.#state = { kind: "failed", thrown };
    if (state.kind === "awaited") state.reject(thrown);
    return true;
  }

  /**
   * Calls what belongs to this attempt, with arguments rather than as a closure, which would live
   * as long as its result. Not by `scope.run`: it leaves a scope behind when it ends, which each
   * later one would copy.
   */
  run<Args extends unknown[], Result>(call: (...args: Args) => Result, ...args: Args): Result {
    return this.lease.outside(callWithin<Args, Result>, this, call, args);
  }

  /** Nobody needs it any more: it is told to stop, and its failing counts as none. */
  stop(reason: Error): void {
    this.#isStopped = true;
    this.abort(reason);
  }

  get aborted(): boolean {
    return this.#isStopped;
  }

  /** Listeners of the signal belong to the attempt too, no matter what aborts it. */
  override abort(reason: Error): void {
    this.run((error: Error) => super.abort(error), reason);
  }
}

function callWithin<Args extends unknown[], Result>(attempt: Attempt, call: (...args: Args) => Result, args: Args): Result {
  scope.enterWith(attempt);
  return call(...args);
}

/** The attempt on whose behalf the present code runs, if any. */
export function currentAttempt(): Attempt | undefined {
  return scope.getStore();
}
