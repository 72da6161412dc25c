import { hintText, mayRest, readHint, type WakeHint } from "../domain/wake-hint.ts";
import { pollQueue, readTick, type PollReport } from "./poll-queue.ts";
import type { Poller } from "./poller.ts";

/** Where the hint is published. Reading gives null when nothing is there, and throws when it cannot tell. */
export interface WakeBoard {
  read(): Promise<string | null>;
  /** wakeAt: the same as in the text, for a board that can also wake the poller then. */
  write(text: string, wakeAt: number | null): Promise<void>;
}

/** The gate before the database; now is in milliseconds since 1970, knows the digest of the workflows that this code knows. */
export interface IdleGate {
  readonly board: WakeBoard;
  readonly now: () => number;
  readonly knows: string;
  /** When this process last knew the gate to be open. */
  seenOpenAt?: number | undefined;
}

/** A schedule's poller comes once a minute: a hint that would only spare the next one is not worth its calls. */
const scheduleEveryMs = 60_000;
/** Of nudges in quick succession, one looks at the board: SSM answers 40 calls a second. */
const trustMs = 1_000;

/** What an invocation reports that left the database alone. */
const rested: PollReport = {
  rested: true,
  idle: true,
  leases: 0,
  crashed: 0,
  steps: 0,
  failedRuns: 0,
  dueInMs: null,
  leaseExpiresInMs: null,
};

/**
 * One invocation of the poller behind the gate, which is closed while nothing is due, so that the database may sleep.
 *
 * Only a schedule's invocation closes the gate, and only it stops there. A nudged one opens it: from the commit of a run to its
 * end the database holds a ready row or a lease, and whoever closes the gate looks again after closing, so that either it
 * sees them or the nudge comes after it. An unreadable board means poll.
 */
export async function pollBehindGate(poller: Poller, gate: IdleGate, nudged: boolean): Promise<PollReport> {
  if (nudged) {
    // Side by side: the work does not wait for the board.
    const [report] = await Promise.all([pollQueue(poller, true), open(poller, gate)]);
    return report;
  }
  if (await isClosed(poller, gate)) return rested;
  const report = await pollQueue(poller, false);
  if (report.idle) await close(poller, gate, report);
  return report;
}

async function isClosed(poller: Poller, gate: IdleGate): Promise<boolean> {
  try {
    const text = await gate.board.read();
    const hint = text === null ? undefined : readHint(text);
    return hint !== undefined && mayRest(hint, { now: gate.now(), aheadMs: poller.settings.lingerMs, knows: gate.knows });
  } catch (thrown) {
    poller.logger.warn("the wake hint could not be read, polling", { error: String(thrown) });
    return false;
  }
}

async function open(poller: Poller, gate: IdleGate): Promise<void> {
  const now = gate.now();
  if (gate.seenOpenAt !== undefined && now - gate.seenOpenAt < trustMs) return;
  const readable = await gate.board.read().then(
    (text) => ({ text }),
    () => undefined,
  );
  const hint = readable?.text ? readHint(readable.text) : undefined;
  // A board that this process cannot read, the schedule's may.
  const closed = readable === undefined || (hint !== undefined && mayRest(hint, { now, aheadMs: 0, knows: gate.knows }));
  if (!closed || (await publish(poller, gate, now))) gate.seenOpenAt = now;
}

async function close(poller: Poller, gate: IdleGate, { dueInMs, leaseExpiresInMs }: PollReport): Promise<void> {
  const said = soonest(dueInMs, leaseExpiresInMs);
  if (said !== null && said <= scheduleEveryMs + poller.settings.lingerMs) return;
  gate.seenOpenAt = undefined;
  if (!(await publish(poller, gate, at(gate, said)))) return;
  // What was stored while the hint was on its way may have been nudged before the gate closed.
  const sooner = await lookAgain(poller);
  if (sooner !== null && (said === null || sooner < said - 1_000)) await publish(poller, gate, at(gate, sooner));
}

/** Milliseconds until something is due; 0, which opens the gate again, when the database does not tell. */
async function lookAgain(poller: Poller): Promise<number | null> {
  try {
    const { due_in_ms: due, lease_expires_in_ms: expires } = await readTick(poller);
    return soonest(due, expires);
  } catch (thrown) {
    poller.logger.warn("the database did not say what is due next, the gate stays open", { error: String(thrown) });
    return 0;
  }
}

async function publish(poller: Poller, gate: IdleGate, wakeAt: number | null): Promise<boolean> {
  const hint: WakeHint = { wakeAt, saidAt: gate.now(), knows: gate.knows };
  try {
    await gate.board.write(hintText(hint), wakeAt);
    return true;
  } catch (thrown) {
    poller.logger.warn("the wake hint could not be written", { error: String(thrown) });
    return false;
  }
}

function at(gate: IdleGate, inMs: number | null): number | null {
  return inMs === null ? null : gate.now() + inMs;
}

function soonest(...times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
