import { AttributesTooLargeError } from "../../domain/attributes.ts";
import { describeError, NonRetryableError, RetryAfterError, StepTimeoutError } from "../../domain/errors.ts";
import { NotJsonError } from "../../domain/json.ts";
import { idempotencyKey, stateFor, type Run } from "../../domain/run.ts";
import type { Attempted, Memory, State, StepContext } from "../../domain/node.ts";
import type { AttemptMove } from "../../domain/moves.ts";
import type { Redact } from "../../domain/redact.ts";
import type { Outcome } from "../../domain/decision.ts";
import { InvalidStatementError } from "../../domain/check-statements.ts";
import type { Statement } from "../../domain/statement.ts";
import type { Attempt } from "./attempt.ts";
import { AttemptMemory } from "./attempt-memory.ts";
import { AttemptLogger } from "./attempt-logger.ts";
import { handOut } from "./hand-out.ts";
import type { Poller } from "./poller.ts";

/** What came of a node; statements are those of a `sql` node, not yet run. */
export interface Executed {
  readonly outcome: Outcome;
  readonly statements: readonly Statement[] | undefined;
}

/**
 * Runs the handler of one node once, within its timeout, and never throws: whatever it throws is a
 * failed attempt.
 *
 * attempt is aborted when the time is up, and by the engine when the run is cancelled or its lease
 * is lost.
 */
export async function executeNode(poller: Poller, run: Run, move: AttemptMove, attempt: Attempt): Promise<Executed> {
  const { path, node } = move;
  try {
    const context: StepContext = {
      runId: run.id,
      attempt: attempt.number,
      idempotencyKey: idempotencyKey(run.id, path),
      get signal() {
        return attempt.signal;
      },
      logger: new AttemptLogger(poller.logger, run.workflow.name, attempt),
      setAttributes(patch) {
        attempt.setAttributes(patch);
      },
    };
    if (move.offer !== undefined) Object.assign(context, await handOut(poller.tickets, run.id, move.offer));
    const memory = move.memos && new AttemptMemory(poller, attempt, move);
    const { output, statements, below } = await within(
      poller,
      node.timeoutMs,
      attempt,
      call(poller, move, stateFor(run, move), context, memory),
    );
    return { outcome: below === undefined ? { kind: "completed", output } : { kind: "completed", output, below }, statements };
  } catch (thrown) {
    return { outcome: failedBy(thrown, poller.redact), statements: undefined };
  }
}

function call(
  { callHandler }: Poller,
  move: AttemptMove,
  state: State,
  context: StepContext,
  memory: Memory | undefined,
): Promise<Attempted> {
  return callHandler === undefined ? move.node.run(state, context, memory) : callHandler(move, state, context, memory);
}

/** The failed outcome that something thrown stands for; two errors are words to the engine. */
export function failedBy(thrown: unknown, redact?: Redact): Outcome {
  const error = describeError(thrown, redact);
  if (isA(thrown, RetryAfterError)) return { kind: "failed", error, retryable: true, retryAfterMs: thrown.afterMs };
  const permanent =
    isA(thrown, NonRetryableError) ||
    isA(thrown, NotJsonError) ||
    isA(thrown, InvalidStatementError) ||
    isA(thrown, AttributesTooLargeError);
  return { kind: "failed", error, retryable: !permanent };
}

/** A proxy may throw also when it is asked what it is. */
function isA<Type>(thrown: unknown, type: abstract new (...values: never[]) => Type): thrown is Type {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

/**
 * By hand rather than by Promise.race, which takes as long again as everything else that an attempt
 * costs. The handler is called before: a call that these closures kept alive takes a microsecond of
 * garbage collection each.
 */
function within<Value>(poller: Poller, timeoutMs: number, attempt: Attempt, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    attempt.wait(reject);
    const callOff = poller.clock.after(timeoutMs, () => {
      const error = new StepTimeoutError(attempt.path, timeoutMs);
      attempt.end();
      reject(error);
      attempt.abort(error);
    });
    work.then(
      (value) => {
        callOff();
        resolve(value);
      },
      (thrown: unknown) => {
        callOff();
        reject(thrown);
      },
    );
  });
}
