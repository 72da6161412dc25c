import { AsyncLocalStorage } from "node:async_hooks";
import { Abort } from "./abort.ts";
import type { Lease } from "./lease.ts";

const scope = new AsyncLocalStorage<Attempt>();

/**
 * One call of a handler. Everything that the call sets going, timers and promises included, finds
 * it again by `currentAttempt`, so that an error which escapes the handler is known for that of its
 * run.
 */
export class Attempt extends Abort {
  readonly runId: string;
  readonly node: string;
  readonly number: number;
  /** Ends the wait for its handler. */
  private reject: ((thrown: unknown) => void) | undefined;
  /** What escaped before anybody waited. */
  private escaped: { readonly thrown: unknown } | undefined;
  private over: boolean;
  /** The lease that holds its run. */
  readonly lease: Lease;

  constructor(lease: Lease, runId: string, node: string, number: number) {
    super();
    this.lease = lease;
    this.runId = runId;
    this.node = node;
    this.number = number;
    this.reject = undefined;
    this.escaped = undefined;
    this.over = false;
  }

  /** From now on somebody waits for what the handler returns. */
  wait(reject: (thrown: unknown) => void): void {
    if (this.escaped === undefined) this.reject = reject;
    else reject(this.escaped.thrown);
  }

  /** Nobody waits any more. */
  end(): void {
    this.over = true;
    this.reject = undefined;
  }

  /** Makes it fail, whatever its handler still does. False: it is over. */
  fail(thrown: unknown): boolean {
    if (this.over) return false;
    this.escaped ??= { thrown };
    this.reject?.(thrown);
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

  /** What listens to the signal belongs to the attempt too, whoever aborts it. */
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
