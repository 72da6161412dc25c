import type { ClaimLimits } from "../../domain/protocol.ts";
import { bytesOf } from "../../domain/run.ts";
import { decideFor } from "./decide-member.ts";
import { commitRound } from "./commit-round.ts";
import { commitStatements, statementsAtMost } from "./commit-statements.ts";
import type { Lease } from "./lease.ts";
import { leaves, type Entry } from "./member.ts";
import { settle, unknownMsOf, UnsettledError } from "./settle.ts";
import { putOffTheLate, startMembers } from "./start-members.ts";

const askAgainAfterMs = 20;
const fewMembers = 8;

/**
 * Runs a lease until nobody is left in it: handlers run side by side, and one round at a time
 * stores whatever finished since the last (a group commit). A heartbeat is a round with nothing in
 * it. beforeRound is called before the lease waits for one.
 *
 * Releases the lease at the end, also when the database refuses for good; not when an outcome is
 * unknown: a late round would meet runs that others have. One whose outcome stays unknown is given
 * up alone: others go on.
 */
export async function workLease(lease: Lease, beforeRound: () => void = () => {}): Promise<void> {
  lease.handlers.join(lease, () => startMembers(lease));
  try {
    while (!lease.lost && lease.members.size > 0) await oneRound(lease, beforeRound);
  } catch (thrown) {
    // Nobody will store what the handlers still return.
    lease.revokeAll(thrown as Error);
    if (!(thrown instanceof UnsettledError)) await release(lease);
    else if (!thrown.outOfTime) return giveUp(lease, thrown);
    throw thrown;
  } finally {
    lease.poller.heartbeat?.drop(lease.token);
    lease.handlers.leave(lease);
  }
  await release(lease);
}

/**
 * Its last round may have been applied or not: it expires, and the next poller to claim its runs
 * sees which.
 */
function giveUp(lease: Lease, unsettled: UnsettledError): void {
  const { message, cause } = unsettled;
  lease.poller.logger.error("a lease is given up: the outcome of its round stays unknown", {
    lease: lease.token,
    error: cause instanceof Error ? cause.message : message,
  });
  lease.lose(unsettled);
}

async function oneRound(lease: Lease, beforeRound: () => void): Promise<void> {
  startMembers(lease);
  if (!hasWork(lease)) await nextEvent(lease);
  await oneTurn();
  await gather(lease);
  putOffTheLate(lease);
  beforeRound();
  await commitWhatFinished(lease);
  if (!lease.lost) lease.keepAlive();
}

/**
 * One turn of the event loop: results that come in together go out together, and what their
 * handlers left behind throws.
 */
function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function commitWhatFinished(lease: Lease): Promise<void> {
  const nodes = lease.results.takeStatements(statementsAtMost, decideFor(lease));
  if (nodes.length > 0) await commitStatements(lease, nodes);
  if (lease.lost) return;
  releaseTheStuck(lease);
  const finished = lease.results.take(lease.poller.settings.maxBytes, decideFor(lease));
  const claim = claimLimits(lease, finished);
  if (finished.length > 0 || lease.times.heartbeatIsDue || (claim !== undefined && lease.times.runIsDue)) {
    await commitRound(lease, finished, claim && { claim });
  }
}

/**
 * While many handlers are out, waits a little for more of them to come back: a round costs the
 * database as much as 30 steps, and handlers that take 50 to 500 ms would otherwise have one for
 * every two of them. A lone run never waits.
 */
async function gather(lease: Lease): Promise<void> {
  const { clock, settings } = lease.poller;
  const sendAt = clock.now() + settings.gatherMs;
  const isEnough = () => lease.results.size >= lease.running / 8 || clock.now() >= sendAt;
  while (!isEnough()) {
    const callOff = clock.after(sendAt - clock.now(), () => lease.wake());
    await lease.nextChange();
    callOff();
    await oneTurn();
  }
}

/** How much to claim with a round, if anything. */
function claimLimits(lease: Lease, leaving: readonly Entry[]): ClaimLimits | undefined {
  const room = roomIn(lease, leaving);
  if (room === undefined || !mayAsk(lease)) return undefined;
  return { max: room.runs, max_bytes: room.bytes, low: lease.rounds.low, manifest: lease.poller.registry.manifest() };
}

/**
 * What a lease has room for, once an eighth of its slots and of its bytes is free: a claim
 * rewrites the lease's list of runs, 16 bytes each. No room while handlers already wait for a slot.
 */
function roomIn(lease: Lease, leaving: readonly Entry[]): { runs: number; bytes: number } | undefined {
  const { batch, maxBytes } = lease.poller.settings;
  const gone = leaving.filter(leaves);
  const runs = batch - lease.members.size + gone.length;
  const bytes = maxBytes - lease.bytes + gone.reduce((sum, { member }) => sum + bytesOf(member.run), 0);
  const idle = lease.handlers.idle - lease.startable;
  // A few members may be as large as they are: slots that stand idle beside them are worth more
  // than the bytes.
  const full = bytes < maxBytes / 8 && batch - runs >= fewMembers;
  return lease.closed || runs < batch / 8 || full || idle <= 0 ? undefined : { runs, bytes: Math.max(bytes, maxBytes / 8) };
}

/**
 * Looking for runs where there were none just now would double what the round of a lone run costs.
 */
function mayAsk(lease: Lease): boolean {
  return lease.rounds.moreDue || lease.times.runIsDue || lease.times.sinceAskedMs >= askAgainAfterMs;
}

function hasWork(lease: Lease): boolean {
  return lease.results.size > 0 || lease.times.heartbeatIsDue;
}

/** Waits until a handler comes back, a heartbeat is due, or a run that there is room for is. */
async function nextEvent(lease: Lease): Promise<void> {
  const roomy = roomIn(lease, []) !== undefined;
  const { clock } = lease.poller;
  const soonest = Math.min(lease.times.heartbeatAt, roomy ? lease.times.dueAt : Infinity);
  const callOff = clock.after(soonest - clock.now(), () => lease.wake());
  await lease.nextChange();
  callOff();
}

/** With every slot in a long step, gives back what could not start: others may have room. */
function releaseTheStuck(lease: Lease): void {
  if (lease.handlers.idle > 0 || lease.times.sinceProgressMs < lease.poller.settings.ttlMs / 2) return;
  lease.giveBackStartable();
}

async function release(lease: Lease): Promise<void> {
  if (lease.lost) return;
  try {
    const { poller } = lease;
    await settle(poller, () => poller.store.release(lease.token), { unknownMs: unknownMsOf(poller) });
  } catch (thrown) {
    if (!(thrown instanceof UnsettledError) || thrown.outOfTime) throw thrown;
    giveUp(lease, thrown);
  }
}
