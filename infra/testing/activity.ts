import type { Memory } from "../../shared/domain/node.ts";
import { Changes } from "../../shared/engine/poll/changes.ts";

/**
 * Between what one call or handler brings and the next call, a poller takes two turns of the event
 * loop at most, which takes no account of how fast the machine is.
 */
const QUIET_TURNS = 5;

/** The longest that a timer of Node's waits. */
const LONGEST_MS = 2_147_483_647;

/** What a poller is waiting for that is not a time: calls of the database, and handlers. */
export class Activity {
  readonly #changes = new Changes();
  #under = 0;
  #changed = 0;

  /** Counts a piece of work until it ends. */
  during<Result>(work: Promise<Result>): Promise<Result> {
    return work.finally(this.#begin());
  }

  /** The same, but after so many real milliseconds it is given up, and no longer counts. */
  within<Result>(patienceMs: number, work: Promise<Result>, giveUp: () => void): Promise<Result> {
    const end = this.#begin();
    const timer = setTimeout(() => (giveUp(), end()), Math.min(patienceMs, LONGEST_MS));
    return work.finally(() => (clearTimeout(timer), end()));
  }

  /**
   * While a step of a handler waits for a time, the handler does nothing itself, however many of
   * its steps wait so. A store ends without a time that has to come.
   */
  resting(memory: Memory): Memory {
    let pauses = 0;
    const rest = (wait: Promise<void>) => {
      if (pauses++ === 0) this.#under--;
      this.#changed++;
      this.#changes.tell();
      return wait.finally(() => {
        if (--pauses === 0) this.#under++;
        this.#changed++;
      });
    };
    return {
      recall: (below) => memory.recall(below),
      store: (...given) => memory.store(...given),
      pause: (milliseconds) => rest(memory.pause(milliseconds)),
      now: () => memory.now(),
      random: () => memory.random(),
    };
  }

  #begin(): () => void {
    this.#under++;
    this.#changed++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#under--;
      this.#changed++;
      this.#changes.tell();
    };
  }

  /** Resolves once nothing but time would bring a poller on. */
  async quiet(): Promise<void> {
    for (let turns = 0; turns < QUIET_TURNS;) {
      if (this.#under > 0) await this.#changes.next();
      const before = this.#changed;
      await new Promise((resolve) => setImmediate(resolve));
      turns = this.#under <= 0 && this.#changed === before ? turns + 1 : 0;
    }
  }
}
