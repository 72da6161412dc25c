import type { Json } from "../domain/json.ts";
import { jsonbBytes } from "../domain/jsonb-bytes.ts";
import type { ClaimLimits } from "../domain/protocol.ts";
import { commitRound } from "./commit-round.ts";
import { commitStatements, statementsAtMost } from "./commit-statements.ts";
import type { Finished, Lease } from "./lease.ts";
import type { Poller } from "./poller.ts";
import { settle, unknownMsOf, UnsettledError } from "./settle.ts";
import { giveBack, giveBackTheLate, keepAlive, startMembers } from "./start-members.ts";

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
export async function workLease(poller: Poller, lease: Lease, beforeRound: () => void = () => {}): Promise<void> {
  lease.startMore = () => startMembers(poller, lease);
  lease.handlers.leases.add(lease);
  try {
    while (!lease.lost && lease.members.size > 0) await oneRound(poller, lease, beforeRound);
  } catch (thrown) {
    // Nobody will store what the handlers still return.
    for (const member of lease.members.values()) lease.revoke(member, thrown as Error);
    if (!(thrown instanceof UnsettledError)) await release(poller, lease);
    else if (!thrown.outOfTime) return giveUp(poller, lease, thrown);
    throw thrown;
  } finally {
    poller.heartbeat?.drop(lease.token);
    lease.handlers.leases.delete(lease);
  }
  await release(poller, lease);
}

/**
 * Its last round may have been applied or not: it expires, and the next poller to claim its runs
 * sees which.
 */
function giveUp(poller: Poller, lease: Lease, { message, cause }: UnsettledError): void {
  poller.logger.error("a lease is given up: the outcome of its round stays unknown", {
    lease: lease.token,
    error: cause instanceof Error ? cause.message : message,
  });
  lease.lost = true;
}

async function oneRound(poller: Poller, lease: Lease, beforeRound: () => void): Promise<void> {
  startMembers(poller, lease);
  if (!hasWork(poller, lease)) await nextEvent(poller, lease);
  await oneTurn();
  await gather(poller, lease);
  giveBackTheLate(poller, lease);
  beforeRound();
  await commitWhatFinished(poller, lease);
  if (!lease.lost) keepAlive(poller, lease);
}

/**
 * One turn of the event loop: results that come in together go out together, and what their
 * handlers left behind throws.
 */
function oneTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function commitWhatFinished(poller: Poller, lease: Lease): Promise<void> {
  if (lease.statements.length > 0) {
    const nodes = lease.statements.splice(0, statementsAtMost).filter((node) => !node.member.gone);
    if (nodes.length > 0) await commitStatements(poller, lease, nodes);
  }
  if (lease.lost) return;
  releaseTheStuck(poller, lease);
  const finished = takeFinished(poller, lease);
  const claim = claimLimits(poller, lease, finished);
  if (finished.length > 0 || heartbeatIsDue(poller, lease) || (claim !== undefined && isDue(poller, lease))) {
    await commitRound(poller, lease, finished, claim && { claim });
  }
}

/** What goes into the next round: all that finished, up to the bytes that one request may have. */
function takeFinished(poller: Poller, lease: Lease): Finished[] {
  const taken: Finished[] = [];
  let bytes = 0;
  while (lease.finished.length > 0 && bytes < poller.settings.maxBytes) {
    const entry = lease.finished.shift()!;
    if (entry.member.gone) continue;
    taken.push(entry);
    bytes += bytesOf(entry);
  }
  return taken;
}

/**
 * What an entry adds to a request, but for a few names and numbers. The error that ends a run is
 * sent twice.
 */
function bytesOf(entry: Finished): number {
  if (entry.kind !== "node") return 0;
  const { transition } = entry;
  if ("bytes" in transition) return transition.bytes;
  return "error" in transition ? 2 * jsonbBytes(transition.error as unknown as Json) : 0;
}

/**
 * While many handlers are out, waits a little for more of them to come back: a round costs the
 * database as much as 30 steps, and handlers that take 50 to 500 ms would otherwise have one for
 * every two of them. A lone run never waits.
 */
async function gather(poller: Poller, lease: Lease): Promise<void> {
  const sendAt = poller.clock.now() + poller.settings.gatherMs;
  const isEnough = () => lease.finished.length + lease.statements.length >= lease.running / 8 || poller.clock.now() >= sendAt;
  while (!isEnough()) {
    const callOff = poller.clock.after(sendAt - poller.clock.now(), () => lease.wake());
    await lease.changed();
    callOff();
    await oneTurn();
  }
}

/** How much to claim with a round, if anything. */
function claimLimits(poller: Poller, lease: Lease, leaving: readonly Finished[]): ClaimLimits | undefined {
  const room = roomIn(poller, lease, leaving);
  if (room === undefined || !mayAsk(poller, lease)) return undefined;
  return { max: room.runs, max_bytes: room.bytes, low: lease.low, manifest: poller.registry.manifest() };
}

/**
 * What a lease has room for, once an eighth of its places and of its bytes is free: a claim
 * rewrites the lease's list of runs, 16 bytes each. No room while handlers already wait for a slot.
 */
function roomIn(poller: Poller, lease: Lease, leaving: readonly Finished[]): { runs: number; bytes: number } | undefined {
  const { batch, concurrency, maxBytes } = poller.settings;
  const gone = leaving.filter(leaves);
  const runs = batch - lease.members.size + gone.length;
  const bytes = maxBytes - lease.bytes + gone.reduce((sum, { member }) => sum + member.run.bytes, 0);
  const idle = concurrency - lease.handlers.running - lease.startable.length;
  // A few members may be as large as they are: slots that stand idle beside them are worth more
  // than the bytes.
  const full = bytes < maxBytes / 8 && batch - runs >= fewMembers;
  return lease.closed || runs < batch / 8 || full || idle <= 0 ? undefined : { runs, bytes: Math.max(bytes, maxBytes / 8) };
}

/**
 * Looking for runs where there were none just now would double what the round of a lone run costs.
 */
function mayAsk(poller: Poller, lease: Lease): boolean {
  return lease.moreDue || isDue(poller, lease) || poller.clock.now() - lease.askedAt >= askAgainAfterMs;
}

function leaves(entry: Finished): boolean {
  if (entry.kind !== "node") return true;
  return entry.transition.kind !== "continue" && !(entry.transition.kind === "retry" && entry.transition.place === "lease");
}

function hasWork(poller: Poller, lease: Lease): boolean {
  return lease.finished.length > 0 || lease.statements.length > 0 || heartbeatIsDue(poller, lease);
}

const heartbeatAt = (poller: Poller, lease: Lease) => lease.heardAt + poller.settings.ttlMs / 3;
const heartbeatIsDue = (poller: Poller, lease: Lease) => poller.clock.now() >= heartbeatAt(poller, lease);
const isDue = (poller: Poller, lease: Lease) => lease.dueAt !== null && poller.clock.now() >= lease.dueAt;

/** Waits until a handler comes back, a heartbeat is due, or a run that there is room for is. */
async function nextEvent(poller: Poller, lease: Lease): Promise<void> {
  const roomy = roomIn(poller, lease, []) !== undefined;
  const soonest = Math.min(heartbeatAt(poller, lease), roomy ? (lease.dueAt ?? Infinity) : Infinity);
  const callOff = poller.clock.after(soonest - poller.clock.now(), () => lease.wake());
  await lease.changed();
  callOff();
}

/** With every slot in a long step, gives back what could not start: others may have room. */
function releaseTheStuck(poller: Poller, lease: Lease): void {
  const { concurrency, ttlMs } = poller.settings;
  if (lease.handlers.running < concurrency || poller.clock.now() - lease.progressedAt < ttlMs / 2) return;
  for (const member of lease.startable.splice(0)) giveBack(lease, member);
}

async function release(poller: Poller, lease: Lease): Promise<void> {
  if (lease.lost) return;
  try {
    await settle(poller, () => poller.store.release(lease.token), { unknownMs: unknownMsOf(poller) });
  } catch (thrown) {
    if (!(thrown instanceof UnsettledError) || thrown.outOfTime) throw thrown;
    giveUp(poller, lease, thrown);
  }
}
