import type { ClaimAnswer, TickAnswer } from "../domain/protocol.ts";
import { addClaimed } from "./apply-round.ts";
import { Lease } from "./lease.ts";
import type { Poller } from "./poller.ts";
import { Slots } from "./slots.ts";
import { pause, settle } from "./settle.ts";
import { workLease } from "./work-lease.ts";

/** What one invocation did; leaseExpiresInMs: when the first lease of somebody else ends, as seen at its last tick. */
export interface PollReport {
  readonly leases: number;
  readonly crashed: number;
  readonly leaseExpiresInMs: number | null;
}

const tickEveryMs = 60_000;
/** Due runs that another poller is just claiming are not there to be had: look again this soon, this often. */
const patience = { pauseMs: 100, tries: 3 };

/** One invocation as it goes on. */
interface Poll {
  readonly poller: Poller;
  readonly slots: Slots;
  /** Leases that are claimed or worked now. */
  open: number;
  leases: number;
  crashed: number;
  leaseExpiresInMs: number | null;
  outOfTime: boolean;
}

/**
 * One invocation of the poller: ticks, then claims and runs leases until nothing is due within the linger, or the
 * invocation's time is nearly up. nudged: a producer woke it, and a process that ticked within the last minute need not tick
 * for that; the schedule's invocations always do, since the clock of a process may stand still while it is frozen.
 *
 * Suspects come first, in a lease of their own, so that a run that kills its poller takes few others with it; and again
 * whenever nothing else is due, so that they do not wait for the next invocation.
 */
export async function pollQueue(poller: Poller, nudged = false): Promise<PollReport> {
  const poll = beginPoll(poller);
  if ((!nudged || tickIsDue(poller)) && (await tick(poll)).suspects) await workSuspects(poll);
  for (let idle = 0; hasTime(poll);) {
    if (tickIsDue(poller)) await tick(poll);
    const last = await workBacklog(poll);
    if (last.runs.length > 0) idle = 0;
    else if (!(last.suspects && (await workSuspects(poll))) && !(await linger(poller, last.due_in_ms, idle++))) break;
  }
  const { leases, crashed, leaseExpiresInMs } = poll;
  return { leases, crashed, leaseExpiresInMs };
}

function beginPoll(poller: Poller): Poll {
  const nothing = { leases: 0, crashed: 0, leaseExpiresInMs: null };
  return { poller, slots: new Slots(), open: 0, ...nothing, outOfTime: false };
}

function tickIsDue({ clock, memory }: Poller): boolean {
  return memory.tickedAt === undefined || clock.now() - memory.tickedAt > tickEveryMs;
}

/**
 * Claims and works one lease; gives what the claim said, without runs when there was nothing to work. As long as claims give all that they may, and a slot is free while a round is on its way, more
 * leases are opened beside it: the database stores the results of one while the handlers of another run.
 */
async function workBacklog(poll: Poll): Promise<ClaimAnswer> {
  const { poller } = poll;
  const lease = new Lease(poller.newToken(), poller.clock.now(), poll.slots, false);
  const beside = new Set<Promise<void>>();
  poll.open++;
  let answer: ClaimAnswer;
  try {
    answer = await claimed(poll, lease, false);
    if (answer.runs.length > 0) await workLease(poller, lease, () => openBeside(poll, lease, beside));
  } finally {
    poll.open--;
    await Promise.allSettled(beside);
  }
  await Promise.all(beside);
  if (answer.runs.length > 0) countLease(poll, lease);
  return answer;
}

/** Opens one more lease, if there is room; one that has ended well is forgotten, or thousands would pile up in a long invocation. */
function openBeside(poll: Poll, lease: Lease, beside: Set<Promise<void>>): void {
  if (!hasRoomBeside(poll, lease)) return;
  const working = workBacklog(poll).then(({ runs }) => {
    if (runs.length === 0) lease.moreDue = false;
    beside.delete(working);
  });
  // Whoever opened it awaits it in the end; until then a failure is not unhandled.
  working.catch(() => undefined);
  beside.add(working);
}

function hasRoomBeside(poll: Poll, lease: Lease): boolean {
  const { leases, concurrency } = poll.poller.settings;
  const idle = concurrency - poll.slots.running - lease.startable.length;
  return lease.moreDue && idle > 0 && poll.open < leases && hasTime(poll);
}

function countLease(poll: Poll, lease: Lease): void {
  poll.leases++;
  poll.poller.memory.low = lease.low;
  poll.outOfTime ||= lease.outOfTime;
}

function hasTime({ poller, outOfTime }: Poll): boolean {
  return !outOfTime && poller.remainingMs() > shortestStepMs(poller);
}

/** Waits, without a statement, for work that is due within the linger; false: there is none. */
async function linger(poller: Poller, dueInMs: number | null, idle: number): Promise<boolean> {
  if (dueInMs === null || dueInMs > poller.settings.lingerMs || idle >= patience.tries) return false;
  const wait = Math.max(dueInMs, patience.pauseMs);
  if (poller.remainingMs() - wait < shortestStepMs(poller)) return false;
  await pause(poller, wait);
  return true;
}

async function workSuspects(poll: Poll): Promise<boolean> {
  const lease = new Lease(poll.poller.newToken(), poll.poller.clock.now(), poll.slots, true);
  const answer = await claimed(poll, lease, true);
  if (answer.runs.length === 0) return false;
  await workLease(poll.poller, lease);
  countLease(poll, lease);
  return true;
}

async function claimed(poll: Poll, lease: Lease, suspects: boolean): Promise<ClaimAnswer> {
  const { poller } = poll;
  const { batch, maxBytes, ttlMs } = poller.settings;
  const request = {
    columns: true as const,
    ttl_ms: ttlMs,
    max: batch,
    max_bytes: maxBytes,
    low: poller.memory.low,
    manifest: poller.registry.manifest(),
    suspects,
  };
  const settled = await settle(poller, () => poller.store.claim(lease.token, request));
  if ("refused" in settled) throw settled.refused;
  const { answer } = settled;
  lease.round = answer.round;
  lease.heard(answer, poller.clock.now(), batch);
  poller.memory.low = answer.low;
  addClaimed(poller, lease, answer.runs);
  return answer;
}

async function tick(poll: Poll): Promise<TickAnswer> {
  const settled = await settle(poll.poller, () => poll.poller.store.tick());
  if ("refused" in settled) throw settled.refused;
  poll.crashed += settled.answer.crashed;
  poll.leaseExpiresInMs = settled.answer.lease_expires_in_ms;
  Object.assign(poll.poller.memory, { low: settled.answer.low, tickedAt: poll.poller.clock.now() });
  return settled.answer;
}

function shortestStepMs(poller: Poller): number {
  const timeouts = poller.registry.all().flatMap(({ nodes }) => nodes.flatMap((node) => (node.kind === "sleep" ? [] : [node.timeoutMs])));
  return Math.min(...timeouts, 30_000) + poller.settings.reserveMs;
}
