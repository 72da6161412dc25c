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
}

/** However idle, the database is asked once an hour. */
const heartbeatMs = 3_600_000;

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

/** The hint as it is published: JSON that a person can read. */
export function hintText({ wakeAt, saidAt, knows }: WakeHint): string {
  return JSON.stringify({ wakeAt: wakeAt === null ? null : new Date(wakeAt).toISOString(), saidAt: new Date(saidAt).toISOString(), knows });
}

/** Reads what was published; undefined when it is no hint, which means: poll. */
export function readHint(text: string): WakeHint | undefined {
  try {
    const { wakeAt, saidAt, knows } = JSON.parse(text) as Record<string, unknown>;
    const times = { wakeAt: wakeAt === null ? null : momentOf(wakeAt), saidAt: momentOf(saidAt) };
    return typeof knows === "string" ? { ...times, knows } : undefined;
  } catch {
    return undefined;
  }
}

function momentOf(value: unknown): number {
  if (typeof value !== "string" || Number.isNaN(Date.parse(value))) throw new TypeError("not a time");
  return Date.parse(value);
}
