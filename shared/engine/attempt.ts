import { AsyncLocalStorage } from "node:async_hooks";
import { Abort } from "./abort.ts";

const scope = new AsyncLocalStorage<Attempt>();

/**
 * One call of a handler. Everything that the call sets going, timers and promises included, finds it again by
 * `currentAttempt`, so that an error which escapes the handler is known for that of its run.
 */
export class Attempt extends Abort {
  readonly runId: string;
  readonly node: string;
  readonly number: number;
  /** Makes it a failed attempt, as if its handler had thrown; false: its result is on its way to the database or over. */
  fail: (thrown: unknown) => boolean = () => false;

  constructor(runId: string, node: string, number: number) {
    super();
    this.runId = runId;
    this.node = node;
    this.number = number;
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
