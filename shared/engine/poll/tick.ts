import type { QueueFacts, TickAnswer } from "../../domain/protocol.ts";
import { DEFAULT_QUEUE } from "../../domain/queue.ts";
import type { PollReport } from "./poll-report.ts";
import type { Poller } from "./poller.ts";
import { settle } from "./settle.ts";

/**
 * A queue whose runs have waited so long has not heard of them: its pollers are woken once more.
 */
const NUDGE_AFTER_MS = 10_000;
/** And after so long somebody should know. */
const TELL_AFTER_MS = 120_000;

/** What no poller has claimed yet. */
const nothing: QueueFacts = { oldest_ms: 0, due_in_ms: null, suspects: false, lease_expires_in_ms: null };

/** One tick, in the report. */
export async function tick(poller: Poller, report: PollReport): Promise<QueueFacts> {
  const answer = await askTick(poller);
  const own = ownOf(poller, answer);
  report.crashed += answer.crashed;
  report.leaseExpiresInMs = own.lease_expires_in_ms;
  report.failedRuns += answer.poisoned;
  report.poisoned += answer.poisoned;
  report.oldestReadyMs = Math.max(own.oldest_ms, ...lookAtOthers(poller, answer));
  const { expired_signals: expired = 0, unclaimed_ms: unclaimedMs } = answer;
  report.oldestUnclaimedMs = unclaimedMs ?? undefined;
  report.expiredSignals += expired;
  if (expired > 0) poller.logger.warn("signals were deleted that no run has claimed by their key within 7 days", { signals: expired });
  return own;
}

/** One tick, and what the process remembers of it. */
export async function readTick(poller: Poller): Promise<QueueFacts> {
  return ownOf(poller, await askTick(poller));
}

async function askTick(poller: Poller): Promise<TickAnswer> {
  const settled = await settle(poller, () => poller.store.tick());
  if ("refused" in settled) throw settled.refused;
  Object.assign(poller.memory, { low: settled.answer.low, tickedAt: poller.clock.now() });
  return settled.answer;
}

function ownOf({ queue = DEFAULT_QUEUE }: Poller, answer: TickAnswer): QueueFacts {
  return queue === DEFAULT_QUEUE ? answer : (answer.queues?.[queue] ?? nothing);
}

/** How long the oldest due runs of other queues have been due. */
function lookAtOthers({ queue: own = DEFAULT_QUEUE, others, logger }: Poller, answer: TickAnswer): number[] {
  const queues = Object.entries<QueueFacts>({ [DEFAULT_QUEUE]: answer, ...answer.queues }).filter(([queue]) => queue !== own);
  return queues.map(([queue, { oldest_ms: oldestMs }]) => {
    if (oldestMs > NUDGE_AFTER_MS) others?.tell(queue);
    if (oldestMs > TELL_AFTER_MS)
      logger.warn("runs of another queue are due that nobody takes: is there a poller of it?", { queue, oldestMs });
    return oldestMs;
  });
}
