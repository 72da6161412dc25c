import { AsyncLocalStorage } from "node:async_hooks";
import { Abort } from "./abort.ts";
import type { FinishedNode, Lease } from "./lease.ts";

const scope = new AsyncLocalStorage<Attempt>();

/**
 * One call of a handler. Everything that the call sets going, timers and promises included, finds it again by
 * `currentAttempt`, so that an error which escapes the handler is known for that of its run.
 */
export class Attempt extends Abort {
  readonly runId: string;
  readonly node: string;
  readonly number: number;
  /** Ends the wait for its handler, while that runs. */
  reject: ((thrown: unknown) => void) | undefined;
  /** What came of it, once its handler has come back; it may wait in its lease for a round still. */
  kept: FinishedNode | undefined;
  /** The lease that holds its run. */
  readonly lease: Lease;

  constructor(lease: Lease, runId: string, node: string, number: number) {
    super();
    this.lease = lease;
    this.runId = runId;
    this.node = node;
    this.number = number;
    this.reject = undefined;
    this.kept = undefined;
  }

  /** Calls what belongs to this attempt. */
  run<Result>(call: () => Result): Result {
    return scope.run(this, call);
  }

  /** What listens to the signal belongs to the attempt too, whoever aborts it. */
  override abort(reason: Error): void {
    this.run(() => super.abort(reason));
  }
}

/** The attempt on whose behalf the present code runs, if any. */
export function currentAttempt(): Attempt | undefined {
  return scope.getStore();
}
