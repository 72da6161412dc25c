import type { Logger } from "../../domain/node.ts";
import { hintText, idleSince, isOpen, mayRest, mayStayAsleep, readHint, type WakeHint } from "../../domain/wake-hint.ts";
import { pollQueue } from "./poll-queue.ts";
import { readTick } from "./tick.ts";
import { newReport, type PollReport } from "./poll-report.ts";
import type { Poller } from "./poller.ts";
import { pause } from "../ask.ts";

/**
 * Where the hint is published. Reading gives null when nothing is there; both throw when they
 * cannot tell what happened.
 */
export interface WakeBoard {
  read(): Promise<string | null>;
  write(text: string): Promise<void>;
  /**
   * Has the poller woken in a minute, which begins so many milliseconds after 1970, in place of the
   * one that it was told before.
   */
  wakeAt?(minute: number): Promise<void>;
}

/**
 * The gate before the database; now is in milliseconds since 1970, knows the digest of this code.
 */
export interface IdleGate {
  readonly board: WakeBoard;
  readonly now: () => number;
  readonly knows: string;
  /** When this process last knew the gate to be open. */
  seenOpenAt?: number | undefined;
  /** The minute for which it last had the poller woken. */
  wakeMinute?: number;
}

/**
 * A schedule's poller comes once a minute: a hint that would only spare the next one is not worth
 * its calls.
 */
const scheduleEveryMs = 60_000;
/**
 * Of nudges in quick succession, one looks at the board before its work: SSM answers 40 calls a
 * second.
 */
const trustMs = 1_000;
const openTries = 6;

/**
 * One invocation of the poller behind the gate, which is closed while nothing is due, so that the
 * database may sleep.
 *
 * Only a schedule's invocation closes the gate, and only it stops there. A nudged one opens it:
 * from the commit of a run to its end the database holds a ready row or a lease, and the poller
 * that closes the gate looks again afterwards: either it sees them, or the nudge comes later. An
 * unreadable board means poll.
 */
export async function pollBehindGate(poller: Poller, gate: IdleGate, nudged: boolean, report = newReport()): Promise<PollReport> {
  if (nudged) return pollNudged(poller, gate, report);
  const hint = await lookAtBoard(poller.logger, gate.board);
  const readAt = gate.now();
  if (hint !== undefined && mayRest(hint, { now: readAt, aheadMs: poller.settings.lingerMs, knows: gate.knows }))
    return Object.assign(report, { rested: true, idle: true });
  await pollQueue(poller, false, report);
  await wakeForTheNext(poller, gate, report);
  if (report.idle) await close(poller, gate, report, idleSince(hint, { now: readAt, worked: hasWorked(report) }));
  return report;
}

async function pollNudged(poller: Poller, gate: IdleGate, report: PollReport): Promise<PollReport> {
  const isTrusted = gate.seenOpenAt !== undefined && gate.now() - gate.seenOpenAt < trustMs;
  // Side by side: the work does not wait for the board, and the board is told also where the work
  // fails.
  const opening = isTrusted ? Promise.resolve() : open(poller, gate);
  try {
    return await pollQueue(poller, true, report);
  } finally {
    await opening;
    if (leavesWork(report)) {
      if (isTrusted) await open(poller, gate);
      await wakeForTheNext(poller, gate, report);
    }
  }
}

/** What is left is not for this invocation to say: a schedule's poller looks. */
function leavesWork({ idle, dueInMs }: PollReport): boolean {
  return !idle || dueInMs !== null;
}

async function lookAtBoard(logger: Logger, board: WakeBoard): Promise<WakeHint | undefined> {
  try {
    const text = await board.read();
    return text === null ? undefined : readHint(text);
  } catch (thrown) {
    logger.warn("the wake hint could not be read, going on without it", { error: String(thrown) });
    return undefined;
  }
}

/** Whether runs may have ended by this poll. */
function hasWorked({ leases, crashed, poisoned }: PollReport): boolean {
  return leases + crashed + poisoned > 0;
}

/** What the maintenance asks before it wakes the database; an unreadable board means: do. */
export async function isAsleep(logger: Logger, { board, now }: Pick<IdleGate, "board" | "now">): Promise<boolean> {
  const hint = await lookAtBoard(logger, board);
  return hint !== undefined && mayStayAsleep(hint, now());
}

/**
 * Opens the gate where any schedule's poller might rest; a board that this process cannot read,
 * theirs may.
 */
async function open(poller: Poller, gate: IdleGate): Promise<void> {
  const text = await gate.board.read().catch(() => undefined);
  const hint = text === undefined || text === null ? undefined : readHint(text);
  if (text === null || (hint !== undefined && isOpen(hint, gate.now()))) gate.seenOpenAt = gate.now();
  else await reopen(poller, gate);
}

/** Publishes that something is due now, until the board has taken it. */
async function reopen(poller: Poller, gate: IdleGate): Promise<void> {
  for (let tried = 1; tried <= openTries && poller.remainingMs() > 1_000; tried++) {
    if (await publish(poller, gate, gate.now())) {
      gate.seenOpenAt = gate.now();
      return;
    }
    await pause(poller, poller.random() * 100 * 2 ** tried);
  }
  poller.logger.error("the idle gate could not be opened; runs may wait for the hourly look");
}

async function close(poller: Poller, gate: IdleGate, { dueInMs, leaseExpiresInMs }: PollReport, idle: number): Promise<void> {
  const said = soonest(dueInMs, leaseExpiresInMs);
  if (said !== null && said <= scheduleEveryMs + poller.settings.lingerMs) return;
  gate.seenOpenAt = undefined;
  const written = await publish(poller, gate, said === null ? null : gate.now() + said, idle);
  // What was stored while the hint was on its way may have been nudged before the gate closed. A
  // write without an answer counts.
  const sooner = await lookAgain(poller);
  const isLate = sooner !== null && (said === null || sooner < said - 1_000);
  if (isLate || !written) await reopen(poller, gate);
}

/** Milliseconds until something is due; 0 when the database does not tell. */
async function lookAgain(poller: Poller): Promise<number | null> {
  try {
    const { due_in_ms: due, lease_expires_in_ms: expires } = await readTick(poller);
    return soonest(due, expires);
  } catch (thrown) {
    poller.logger.warn("the database did not say what is due next, the gate stays open", { error: String(thrown) });
    return 0;
  }
}

async function publish(poller: Poller, gate: IdleGate, wakeAt: number | null, idle?: number): Promise<boolean> {
  const hint: WakeHint = { wakeAt, saidAt: gate.now(), knows: gate.knows, idleSince: idle };
  try {
    await gate.board.write(hintText(hint));
    return true;
  } catch (thrown) {
    poller.logger.warn("the wake hint could not be written", { error: String(thrown) });
    return false;
  }
}

/**
 * For a schedule that is slower than a minute: the one that wakes the poller once, when something
 * is due.
 */
async function wakeForTheNext(poller: Poller, gate: IdleGate, { dueInMs, leaseExpiresInMs }: PollReport): Promise<void> {
  const next = soonest(dueInMs, leaseExpiresInMs);
  if (next === null || gate.board.wakeAt === undefined) return;
  // EventBridge fires anywhere within the minute that it is told: one that began before the time
  // might be too early.
  const minute = Math.ceil((gate.now() + next) / 60_000);
  if (minute === gate.wakeMinute) return;
  try {
    await gate.board.wakeAt(minute * 60_000);
    gate.wakeMinute = minute;
  } catch (thrown) {
    poller.logger.warn("the wake schedule could not be set; the next look of the schedule finds the runs", { error: String(thrown) });
  }
}

function soonest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
