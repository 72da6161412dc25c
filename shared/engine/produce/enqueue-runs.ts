import type { Caller } from "../ask.ts";
import { DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../domain/database-errors.ts";
import type { EnqueueAnswer, EnqueueRequest } from "../../domain/protocol.ts";
import { DEFAULT_QUEUE } from "../../domain/queue.ts";
import type { RunDraft } from "./draft-runs.ts";
import { IdempotencyConflictError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import type { RunIds } from "./run-ids.ts";

/** What enqueueing needs of the database. */
export interface RunQueue {
  enqueue(request: EnqueueRequest, options: { readonly timeoutMs: number }): Promise<EnqueueAnswer>;
}

/** Everything a producer works with. */
export interface Producer extends Caller {
  readonly queue: RunQueue;
  readonly ids: RunIds;
  /** Wakes so many pollers of a queue. */
  readonly nudge?: ((pollers: number, queue: string) => Promise<void>) | undefined;
  /**
   * Runs for later wake a poller too, which publishes when they are due: behind an idle gate no
   * schedule would find them.
   */
  readonly idleGate: boolean;
}

/**
 * With this many due runs, one more poller is woken, four at most: a lease has a hundred, and a
 * poller works two.
 */
const runsAPoller = 250;
const pollersAtMost = 4;

/**
 * Stores runs, all or none, and wakes pollers when some are due: one, and one more for every 250 of
 * a large batch. The same ids are sent until the outcome is known, so an answer that was lost after
 * the commit makes no second run. queue: where they begin.
 *
 * @throws IdempotencyConflictError; DatabaseBusyError and DatabaseUnknownOutcomeError when the
 * database stays away for 10 seconds.
 */
export async function enqueueRuns(
  producer: Producer,
  drafts: readonly RunDraft[],
  request?: EnqueueRequest["request"],
  queue = DEFAULT_QUEUE,
): Promise<EnqueueAnswer["runs"]> {
  const more = { ...(request && { request }), ...(queue !== DEFAULT_QUEUE && { queue }) };
  const { nudge: due, runs } = await withRightClock(producer, () => send(producer, drafts, more)).catch(async (thrown: unknown) => {
    // They may be stored all the same, and nobody else would wake a poller for them.
    if (thrown instanceof DatabaseUnknownOutcomeError) await nudge(producer, 1, queue);
    throw thrown;
  });
  // The answer may be that of a repeat, which found the runs stored already and says "no nudge":
  // then their status counts.
  const ready = runs.filter(({ status }) => status === "ready").length;
  if (due || ready > 0 || producer.idleGate)
    await nudge(producer, Math.min(Math.max(Math.ceil(ready / runsAPoller), 1), pollersAtMost), queue);
  return runs;
}

/**
 * The first try says that the runs are fresh, which spares the database a look at each key. If that
 * try was carried out after all, by the network or by a try whose answer was lost, the next one
 * finds the runs and is told the same.
 *
 * Once a try has ended without an answer, a refusal of the ids' time (BT010) says nothing about
 * that try, which may still come late: new ids could make the runs a second time, so the unknown
 * outcome is thrown.
 */
function send(producer: Producer, drafts: readonly RunDraft[], more: Pick<EnqueueRequest, "request" | "queue">): Promise<EnqueueAnswer> {
  const ids = producer.ids.make(drafts.length);
  const runs = drafts.map((draft, index) => ({ id: ids[index]!, ...draft }));
  const again = { runs, ...more };
  let tried = false;
  let unknown = false;
  return repeatCall(producer, async (options) => {
    try {
      return await (tried ? producer.queue.enqueue(again, options) : sendFresh(producer, again, options));
    } catch (thrown) {
      tried = true;
      unknown ||= thrown instanceof DatabaseUnknownOutcomeError;
      if (unknown && isRefused(thrown, "BT010")) throw inDoubt(producer, ids, thrown);
      throw thrown;
    }
  });
}

async function sendFresh(producer: Producer, request: EnqueueRequest, options: { readonly timeoutMs: number }): Promise<EnqueueAnswer> {
  try {
    return await producer.queue.enqueue({ ...request, fresh: true }, options);
  } catch (thrown) {
    if (!isRefused(thrown, "23505")) throw thrown;
    return producer.queue.enqueue(request, options);
  }
}

/** Later calls get ids of the right time; the runs of this one keep theirs. */
function inDoubt(producer: Producer, ids: readonly string[], refused: DatabaseRefusedError): DatabaseUnknownOutcomeError {
  producer.ids.correct(Number(refused.detail));
  const message =
    `The database's clock moved while these runs were enqueued, and an earlier try may still store them: ` +
    `look for run ${ids[0]} before you enqueue them again, or enqueue them with an idempotency key.`;
  return new DatabaseUnknownOutcomeError(message, { sqlstate: refused.sqlstate, detail: refused.detail, cause: refused });
}

/**
 * Sends once more, with new ids, when the database says of the first try that the ids' time is
 * wrong (BT010): nothing of them was stored.
 */
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

async function nudge(producer: Producer, pollers: number, queue: string): Promise<void> {
  try {
    await producer.nudge?.(pollers, queue);
  } catch (thrown) {
    producer.logger.warn("the poller could not be nudged; its schedule will find the runs", { error: String(thrown) });
  }
}
