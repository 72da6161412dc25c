import type { Poller } from "./poller.ts";

/** When things last happened to a lease, or are due, by the poller's clock. */
export class LeaseTimes {
  readonly #poller: Poller;
  /** The call that is on its way, or was the last, was first sent. */
  #sentAt: number;
  /** The database knows of the lease since then at the latest. */
  #heardAt: number;
  /** A handler last came back. */
  #progressedAt: number;
  /** The timeouts of all steps that were started are over. */
  #busyUntil: number;
  /** It was last asked whether more runs are due. */
  #askedAt: number;
  /** The next run is due; null when none waits. */
  #dueAt: number | null = null;
  /** How far the database's clock, in milliseconds since 1970, is ahead of the poller's. */
  #aheadMs = NaN;

  constructor(poller: Poller) {
    this.#poller = poller;
    const now = poller.clock.now();
    this.#sentAt = now;
    this.#heardAt = now;
    this.#progressedAt = now;
    this.#busyUntil = now;
    this.#askedAt = now;
  }

  sent(): void {
    this.#sentAt = this.#now;
  }

  /**
   * A repeated call is answered without a write: it is the first copy that extended the lease,
   * whenever that came. now: the database's time, where it is known.
   */
  answered(now: string | undefined): void {
    this.#heardAt = this.#sentAt;
    if (now !== undefined) this.#aheadMs = Date.parse(now) - this.#now;
  }

  /**
   * The database's time, in milliseconds since 1970: that of the last answer and what has passed,
   * so that it is never ahead.
   */
  get databaseNow(): number {
    return this.#now + this.#aheadMs;
  }

  asked(): void {
    this.#askedAt = this.#now;
  }

  progressed(): void {
    this.#progressedAt = this.#now;
  }

  /** The next run is due in so long, or there is none. */
  expectDue(inMs: number | null): void {
    this.#dueAt = inMs === null ? null : this.#now + inMs;
  }

  /**
   * A step may run for so long. A second more than needed, so that of many steps only the first of
   * each second has something to tell. False: others may run for as long.
   */
  extendBusy(timeoutMs: number): boolean {
    const now = this.#now;
    if (now + timeoutMs <= this.#busyUntil) return false;
    this.#busyUntil = now + timeoutMs + 1_000;
    return true;
  }

  /** How long the steps may run, with what the invocation needs to store their results. */
  get busyForMs(): number {
    return this.#busyUntil + this.#poller.settings.reserveMs - this.#now;
  }

  get sinceHeardMs(): number {
    return this.#now - this.#heardAt;
  }

  get sinceProgressMs(): number {
    return this.#now - this.#progressedAt;
  }

  get sinceAskedMs(): number {
    return this.#now - this.#askedAt;
  }

  /** A round is due then, to keep the lease. */
  get heartbeatAt(): number {
    return this.#heardAt + this.#poller.settings.ttlMs / 3;
  }

  get heartbeatIsDue(): boolean {
    return this.#now >= this.heartbeatAt;
  }

  /** Infinity when no run waits. */
  get dueAt(): number {
    return this.#dueAt ?? Infinity;
  }

  get runIsDue(): boolean {
    return this.#now >= this.dueAt;
  }

  get #now(): number {
    return this.#poller.clock.now();
  }
}
