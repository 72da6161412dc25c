import type { Clock } from "../../shared/engine/ports.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A poller's clock that stands until it is moved. Times in milliseconds since 1970. */
export class StoppedClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** When the next timer is due; Infinity where there is none. */
  get nextAt(): number {
    return Math.min(...[...this.#timers].map(({ at }) => at));
  }

  /** Forward only; calls nobody back. */
  moveTo(moment: number): void {
    this.#now = Math.max(this.#now, moment);
  }

  /** Calls back the timers that are due, in order of time; false: there is none. */
  fire(): boolean {
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort((one, other) => one.at - other.at);
    // One may call another off.
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
    return due.length > 0;
  }
}
