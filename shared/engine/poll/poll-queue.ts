import type { ClaimAnswer } from "../../domain/protocol.ts";
import { DEFAULT_QUEUE } from "../../domain/queue.ts";
import { pause } from "../ask.ts";
import { addClaimed } from "./apply-round.ts";
import { commitRound } from "./commit-round.ts";
import { Lease } from "./lease.ts";
import { newReport, type PollReport } from "./poll-report.ts";
import type { Poller } from "./poller.ts";
import { HandlerLimit } from "./handler-limit.ts";
import { settle } from "./settle.ts";
import { tick } from "./tick.ts";
import { workLease } from "./work-lease.ts";

const tickEveryMs = 60_000;
/**
 * Due runs that another poller is just claiming are not there to be had: look again this soon, this
 * often.
 */
const patience = { pauseMs: 100, tries: 3 };

/** One invocation as it goes on. */
interface Poll {
  readonly poller: Poller;
  readonly handlers: HandlerLimit;
  /** Leases that are claimed or worked now. */
  open: number;
  outOfTime: boolean;
  /** A tick is on its way beside the work. */
  ticking: boolean;
  /** Suspects are due, as the last tick or claim said. */
  suspects: boolean;
  /** How often it has lingered since it last had work. */
  lingered: number;
  readonly report: PollReport;
}

/**
 * One invocation of the poller: ticks, then claims and runs leases until nothing is due within the
 * linger, or the invocation's time is nearly up. nudged: a producer woke it, and a process that
 * ticked within the last minute need not tick for that; the schedule's invocations always do, since
 * the clock of a process may stand still while it is frozen. report: is filled in as the invocation
 * goes on, so that it tells also of one that throws.
 *
 * Suspects come first, in a lease of their own, so that a run that kills its poller takes few
 * others with it; and again whenever nothing else is due, so that they do not wait for the next
 * invocation.
 */
export async function pollQueue(poller: Poller, nudged = false, report = newReport()): Promise<PollReport> {
  const handlers = new HandlerLimit(poller.settings.concurrency);
  const poll: Poll = { poller, handlers, open: 0, outOfTime: false, ticking: false, suspects: false, lingered: 0, report };
  try {
    return await work(poll, nudged);
  } finally {
    await poller.others?.settled();
  }
}

async function work(poll: Poll, nudged: boolean): Promise<PollReport> {
  const { poller, report } = poll;
  if (!nudged || tickIsDue(poller)) {
    poll.suspects = (await tick(poller, report)).suspects;
    await workSuspects(poll);
  }
  while (hasTime(poll)) {
    if (tickIsDue(poller)) await tickAndTell(poll);
    if (await workBacklog(poll)) continue;
    if (await workSuspects(poll)) continue;
    if (await linger(poll)) continue;
    report.idle = true;
    break;
  }
  return report;
}

/** Works the runs that are due; false: there were none. */
async function workBacklog(poll: Poll): Promise<boolean> {
  const { runs, due_in_ms, suspects } = await claimAndWork(poll);
  poll.report.dueInMs = due_in_ms;
  poll.suspects = suspects;
  if (runs.length > 0) poll.lingered = 0;
  return runs.length > 0;
}

function tickIsDue({ clock, memory }: Poller): boolean {
  return memory.tickedAt === undefined || clock.now() - memory.tickedAt > tickEveryMs;
}

/**
 * Claims and works one lease; gives what the claim said, without runs when there was nothing to
 * work. As long as claims give all that they may, and a slot is free while a round is on its way,
 * more leases are opened beside it: the database stores the results of one while the handlers of
 * another run.
 */
async function claimAndWork(poll: Poll): Promise<ClaimAnswer> {
  const { poller } = poll;
  const lease = new Lease(poller, poll.handlers);
  const beside = new Set<Promise<void>>();
  poll.open++;
  let answer: ClaimAnswer;
  try {
    answer = await claimInto(poll, lease, false);
    if (answer.runs.length > 0) await workLease(lease, () => [tickBeside(poll, beside), openBeside(poll, lease, beside)]);
  } finally {
    poll.open--;
    await Promise.allSettled(beside);
  }
  await Promise.all(beside);
  if (answer.runs.length > 0) countLease(poll, lease);
  return answer;
}

/**
 * Opens one more lease, if there is room; one that has ended well is forgotten, or thousands would
 * pile up in a long invocation.
 */
function openBeside(poll: Poll, lease: Lease, beside: Set<Promise<void>>): void {
  if (!hasRoomBeside(poll, lease)) return;
  const working = claimAndWork(poll).then(({ runs }) => {
    if (runs.length === 0) lease.rounds.foundNoMore();
    beside.delete(working);
  });
  // Its opener awaits it in the end; until then a failure must not count as unhandled.
  working.catch(() => undefined);
  beside.add(working);
}

/**
 * However long the work takes: who expired, and how long others wait, is not for its end to say.
 * One that failed is thrown at the end of the work, and none follows it: each round would begin
 * another.
 */
function tickBeside(poll: Poll, beside: Set<Promise<void>>): void {
  if (poll.ticking || !tickIsDue(poll.poller)) return;
  poll.ticking = true;
  const ticking = tickAndTell(poll).then(() => {
    beside.delete(ticking);
    poll.ticking = false;
  });
  ticking.catch(() => undefined);
  beside.add(ticking);
}

async function tickAndTell(poll: Poll): Promise<void> {
  await tick(poll.poller, poll.report);
  poll.poller.ticked?.(poll.report);
}

function hasRoomBeside(poll: Poll, lease: Lease): boolean {
  const idle = poll.handlers.idle - lease.startable;
  return lease.rounds.moreDue && idle > 0 && poll.open < poll.poller.settings.leases && hasTime(poll);
}

function countLease(poll: Poll, lease: Lease): void {
  poll.report.leases++;
  poll.report.steps += lease.rounds.stored.steps;
  poll.report.failedRuns += lease.rounds.stored.failedRuns;
  poll.report.poisoned += lease.rounds.stored.poisoned;
  poll.poller.memory.low = lease.rounds.low;
  poll.outOfTime ||= lease.outOfTime;
}

function hasTime({ poller, outOfTime }: Poll): boolean {
  return !outOfTime && poller.remainingMs() > shortestStepMs(poller);
}

/** Waits, without a statement, for work that is due within the linger; false: there is none. */
async function linger(poll: Poll): Promise<boolean> {
  const { poller, report } = poll;
  const { dueInMs } = report;
  if (dueInMs === null || dueInMs > poller.settings.lingerMs || poll.lingered >= patience.tries) return false;
  poll.lingered++;
  const wait = Math.max(dueInMs, patience.pauseMs);
  if (poller.remainingMs() - wait < shortestStepMs(poller)) return false;
  await pause(poller, wait);
  return true;
}

/** Works a lease of suspects; false: none is due. */
async function workSuspects(poll: Poll): Promise<boolean> {
  if (!poll.suspects) return false;
  const lease = new Lease(poll.poller, poll.handlers, true);
  const answer = await claimInto(poll, lease, true);
  if (answer.runs.length === 0) return false;
  // Says that they begin: only then does a crash count against them.
  await commitRound(lease, []);
  const beside = new Set<Promise<void>>();
  await workLease(lease, () => tickBeside(poll, beside));
  await Promise.all(beside);
  countLease(poll, lease);
  return true;
}

async function claimInto(poll: Poll, lease: Lease, suspects: boolean): Promise<ClaimAnswer> {
  const { poller } = poll;
  const { queue = DEFAULT_QUEUE } = poller;
  const { batch, maxBytes, ttlMs } = poller.settings;
  const request = {
    columns: true as const,
    ttl_ms: ttlMs,
    max: batch,
    max_bytes: maxBytes,
    low: poller.memory.low,
    manifest: poller.registry.manifest(),
    suspects,
    ...(queue !== DEFAULT_QUEUE && { queue }),
  };
  const settled = await settle(poller, () => poller.store.claim(lease.token, request));
  if ("refused" in settled) throw settled.refused;
  const { answer } = settled;
  lease.rounds.applyClaim(answer, batch);
  poll.report.poisoned += answer.poisoned ?? 0;
  poller.memory.low = answer.low;
  addClaimed(lease, answer);
  return answer;
}

function shortestStepMs(poller: Poller): number {
  const timeouts = poller.registry.all().flatMap(({ nodes }) => nodes.flatMap(({ timeoutsMs }) => timeoutsMs));
  return Math.min(...timeouts, 30_000) + poller.settings.reserveMs;
}
