import type { Clock } from "../../../shared/engine/ports.ts";

interface Timer {
  readonly due: number;
  /** What happens then; the clock stands still until it is over. */
  readonly fire: () => unknown;
}

/** Turns of the event loop in which whatever was set going comes to rest. */
const QUIET_TURNS = 6;

/**
 * Virtual time, in whole milliseconds since 1970. It stands still while anything runs, and jumps to
 * what is due next: one thing after the other, so that a seed always gives the same course.
 */
export class VirtualTime {
  now: number;
  readonly #timers: Timer[] = [];

  constructor(start: number) {
    this.now = start;
  }

  /** Returns what calls it off. */
  at(moment: number, fire: () => unknown): () => void {
    const timer = { due: Math.max(Math.ceil(moment), this.now), fire };
    const place = this.#timers.findLastIndex(({ due }) => due <= timer.due) + 1;
    this.#timers.splice(place, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  after(milliseconds: number, fire: () => unknown): () => void {
    return this.at(this.now + milliseconds, fire);
  }

  /** False: nothing more is due by the deadline, or at all, although it is not over. */
  async runUntil(isOver: () => boolean, deadline: number): Promise<boolean> {
    for (;;) {
      await quiet();
      if (isOver()) return true;
      const next = this.#timers[0];
      if (next === undefined || next.due > deadline) return false;
      this.#timers.shift();
      this.now = next.due;
      await next.fire();
    }
  }
}

async function quiet(): Promise<void> {
  for (let turn = 0; turn < QUIET_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The clock of the database, which somebody sets now and then. */
export class DatabaseClock {
  readonly #time: VirtualTime;
  #ahead = 0;
  #mostAhead = 0;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get now(): number {
    return this.#time.now + this.#ahead;
  }

  /** The latest that a process may take for its time, which has asked it before. */
  get latest(): number {
    return this.#time.now + this.#mostAhead;
  }

  /** Whether it is set back. */
  setTo(ahead: number): boolean {
    const isBack = ahead < this.#ahead;
    this.#ahead = ahead;
    this.#mostAhead = Math.max(this.#mostAhead, ahead);
    return isBack;
  }
}

/** The clock of one process, which may be frozen, and whose time may stand still meanwhile. */
export class ProcessClock implements Clock {
  readonly #time: VirtualTime;
  readonly #origin: number;
  #thawsAt = 0;
  #stood = 0;
  #isDead = false;

  constructor(time: VirtualTime, origin: number) {
    this.#time = time;
    this.#origin = origin;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  now(): number {
    return this.#time.now - this.#origin - this.#stood;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const due = this.now() + Math.ceil(Math.max(milliseconds, 0));
    let callOff = (): void => {};
    const look = (): void => {
      if (this.#isDead) return;
      if (this.#time.now < this.#thawsAt) callOff = this.#time.at(this.#thawsAt, look);
      else if (this.now() < due) callOff = this.#time.after(due - this.now(), look);
      else callback();
    };
    callOff = this.#time.after(due - this.now(), look);
    return () => callOff();
  }

  /** Something comes to the process from outside, once it is there to take it. */
  deliver(take: () => void): void {
    if (this.#isDead) return;
    if (this.#time.now < this.#thawsAt) this.#time.at(this.#thawsAt, () => this.deliver(take));
    else take();
  }

  /** stands: its own clock does too. */
  freeze(milliseconds: number, stands: boolean): void {
    if (this.#time.now < this.#thawsAt) return;
    this.#thawsAt = this.#time.now + milliseconds;
    if (stands) this.#time.at(this.#thawsAt, () => void (this.#stood += milliseconds));
  }

  /** Nothing of it ever comes back. */
  die(): void {
    this.#isDead = true;
  }
}
