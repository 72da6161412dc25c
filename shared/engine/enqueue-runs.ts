import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../domain/database-errors.ts";
import type { EnqueueAnswer, EnqueueRequest } from "../domain/protocol.ts";
import type { RunDraft } from "./draft-runs.ts";
import { IdempotencyConflictError } from "./producer-errors.ts";
import { repeatCall, type Caller } from "./repeat-call.ts";
import type { RunIds } from "./run-ids.ts";

/** What enqueueing needs of the database. */
export interface RunQueue {
  enqueue(request: EnqueueRequest, options: { readonly timeoutMs: number }): Promise<EnqueueAnswer>;
}

/** Everything a producer works with. */
export interface Producer extends Caller {
  readonly queue: RunQueue;
  readonly ids: RunIds;
  /** Wakes so many pollers. */
  readonly nudge?: ((pollers: number) => Promise<void>) | undefined;
  /** Runs for later wake a poller too, which publishes when they are due: behind an idle gate no schedule would find them. */
  readonly idleGate: boolean;
}

/** With this many due runs, one more poller is woken, four at most: a lease has a hundred, and a poller works two. */
const runsAPoller = 250;
const pollersAtMost = 4;

/**
 * Stores runs, all or none, and wakes pollers when some are due: one, and one more for every 250 of a large batch. The same ids are sent until the outcome is known, so an
 * answer that was lost after the commit makes no second run.
 *
 * @throws IdempotencyConflictError; DatabaseBusyError and DatabaseUnknownOutcomeError when the database stays away for 10 seconds.
 */
export async function enqueueRuns(
  producer: Producer,
  drafts: readonly RunDraft[],
  request?: EnqueueRequest["request"],
): Promise<EnqueueAnswer["runs"]> {
  const { nudge: due, runs } = await withRightClock(producer, () => send(producer, drafts, request)).catch(async (thrown: unknown) => {
    // They may be stored all the same, and nobody else would wake a poller for them.
    if (thrown instanceof DatabaseUnknownOutcomeError) await nudge(producer, 1);
    throw thrown;
  });
  // The answer may be that of a repeat, which found the runs stored already and says "no nudge": then their status counts.
  const ready = runs.filter(({ status }) => status === "ready").length;
  if (due || ready > 0 || producer.idleGate) await nudge(producer, Math.min(Math.max(Math.ceil(ready / runsAPoller), 1), pollersAtMost));
  return runs;
}

/**
 * The first try says that the runs are fresh, which spares the database a look at each key. If that try was carried out after
 * all, by the network or by a try whose answer was lost, the next one finds the runs and is told the same.
 */
function send(producer: Producer, drafts: readonly RunDraft[], request: EnqueueRequest["request"]): Promise<EnqueueAnswer> {
  const ids = producer.ids.make(drafts.length);
  const runs = drafts.map((draft, place) => ({ id: ids[place]!, ...draft }));
  const again = { runs, ...(request && { request }) };
  let tried = false;
  return repeatCall(producer, async (options) => {
    if (tried) return producer.queue.enqueue(again, options);
    tried = true;
    try {
      return await producer.queue.enqueue({ ...again, fresh: true }, options);
    } catch (thrown) {
      if (!isRefused(thrown, "23505")) throw thrown;
      return producer.queue.enqueue(again, options);
    }
  });
}

/** Sends once more, with new ids, when the database says that the ids' time is wrong (BT010): nothing of them was stored. */
async function withRightClock<Result>(producer: Producer, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call().catch((thrown: unknown) => {
      if (!isRefused(thrown, "BT010")) throw thrown;
      producer.ids.correct(Number(thrown.detail));
      return call();
    });
  } catch (thrown) {
    throw isRefused(thrown, "BT011") ? conflict(thrown) : thrown;
  }
}

function isRefused(thrown: unknown, sqlstate: string): thrown is DatabaseRefusedError {
  return thrown instanceof DatabaseRefusedError && thrown.sqlstate === sqlstate;
}

function conflict(refused: DatabaseRefusedError): IdempotencyConflictError {
  return new IdempotencyConflictError(refused.detail === "request" ? undefined : Number(refused.detail));
}

async function nudge(producer: Producer, pollers: number): Promise<void> {
  try {
    await producer.nudge?.(pollers);
  } catch (thrown) {
    producer.logger.warn("the poller could not be nudged; its schedule will find the runs", { error: String(thrown) });
  }
}
