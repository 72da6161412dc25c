/**
 * What the last poller said before it went idle, so that a schedule need not ask a database that
 * sleeps.
 * Times in milliseconds since 1970, by the clock of the poller that said it.
 */
export interface WakeHint {
  /** When something is due; null: nothing is known to be. */
  readonly wakeAt: number | null;
  readonly saidAt: number;
  /**
   * The digest of the workflows that its code knew: another deployment may know what to do with a
   * blocked run.
   */
  readonly knows: string;
  /**
   * Since when no poller has found anything to do; undefined: something may have ended since.
   */
  readonly idleSince?: number | undefined;
}

/** However idle, the database is asked once an hour. */
const heartbeatMs = 3_600_000;
const dayMs = 86_400_000;
/** What ended was seen by a maintenance since: it comes once a day, and may come an hour late. */
const quietMs = dayMs + heartbeatMs;
const MONDAY = 1;

/**
 * Whether a schedule's poller may leave the database alone. aheadMs: what is due within it is
 * waited for.
 *
 * @example
 * const hint = { wakeAt: null, saidAt: 0, knows: "a" };
 * mayRest(hint, { now: 60_000, aheadMs: 15_000, knows: "a" }); // true
 */
export function mayRest(hint: WakeHint, { now, aheadMs, knows }: { now: number; aheadMs: number; knows: string }): boolean {
  const age = now - hint.saidAt;
  if (hint.knows !== knows || age < 0 || age >= heartbeatMs) return false;
  return hint.wakeAt === null || hint.wakeAt - aheadMs > now;
}

/**
 * Whether every schedule's poller polls on a hint, whatever its clock and its code: something is
 * due.
 */
export function isOpen(hint: WakeHint, now: number): boolean {
  return hint.wakeAt !== null && hint.wakeAt <= now;
}

/**
 * Since when pollers have had nothing to do, as the next hint says it. One that was not due when it
 * was read is opened by whoever brings work: where it stands, nothing came.
 */
export function idleSince(before: WakeHint | undefined, { now, worked }: { now: number; worked: boolean }): number {
  return worked || before === undefined || isOpen(before, now) ? now : (before.idleSince ?? now);
}

/**
 * Whether the maintenance of a day may leave the database asleep: nothing ended since the one
 * before. On Mondays it never may, so that weeks ahead are made and what has aged goes, also where
 * a maintenance failed.
 */
export function mayStayAsleep({ saidAt, idleSince: since }: WakeHint, now: number): boolean {
  const isFresh = now >= saidAt && now - saidAt < dayMs;
  return isFresh && since !== undefined && now - since > quietMs && new Date(now).getUTCDay() !== MONDAY;
}

/** The hint as it is published: JSON that a person can read. */
export function hintText({ wakeAt, saidAt, knows, idleSince: since }: WakeHint): string {
  const text = (time: number) => new Date(time).toISOString();
  return JSON.stringify({
    wakeAt: wakeAt === null ? null : text(wakeAt),
    saidAt: text(saidAt),
    knows,
    ...(since !== undefined && { idleSince: text(since) }),
  });
}

/** Reads what was published; undefined when it is no hint, which means: poll. */
export function readHint(text: string): WakeHint | undefined {
  try {
    const { wakeAt, saidAt, knows, idleSince: since } = JSON.parse(text) as Record<string, unknown>;
    const times = {
      wakeAt: wakeAt === null ? null : momentOf(wakeAt),
      saidAt: momentOf(saidAt),
      ...(since !== undefined && { idleSince: momentOf(since) }),
    };
    return typeof knows === "string" ? { ...times, knows } : undefined;
  } catch {
    return undefined;
  }
}

function momentOf(value: unknown): number {
  if (typeof value !== "string" || Number.isNaN(Date.parse(value))) throw new TypeError("not a time");
  return Date.parse(value);
}
