import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { newReport, type PollReport } from "../../shared/engine/poll/poll-report.ts";
import type { CallHandler, Poller } from "../../shared/engine/poll/poller.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { Activity } from "./activity.ts";
import type { StoppedClock } from "./stopped-clock.ts";

/** What a test's engine works with. */
export interface EngineParts {
  /** Everything but its clock. */
  readonly poller: Omit<Poller, "clock">;
  readonly clock: StoppedClock;
  /** Moves the database's clock. */
  readonly setNow: (moment: Date) => Promise<void>;
}

interface Poll {
  /** It has found runs to work on. */
  claimed: boolean;
  over: boolean;
  readonly report: PollReport;
}

/** Runs that are due, and another poller is just claiming, are looked for again this soon. */
const LOOK_AGAIN_MS = 100;

/**
 * The real poller, whose time only a test moves: its own clock and that of the database go
 * together, from one due time to the next.
 */
export class Engine {
  readonly #poller: Poller;
  readonly #clock: StoppedClock;
  readonly #setNow: (moment: Date) => Promise<void>;
  readonly #activity = new Activity();
  /** When handlers that never come back are timed out. */
  readonly #timeouts: number[] = [];
  #dueAt = Infinity;
  #failed: { readonly thrown: unknown } | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor({ poller, clock, setNow }: EngineParts) {
    this.#clock = clock;
    this.#setNow = setNow;
    const store = countCalls(poller.store, this.#activity);
    this.#poller = { ...poller, clock, store, callHandler: this.#count(poller.callHandler ?? callItself) };
  }

  /** Works until nothing is due at this time. */
  idle(): Promise<void> {
    return this.#inTurn(() => this.#idle());
  }

  /** Works off whatever is due within a time, each at its own. */
  advance(milliseconds: number): Promise<void> {
    return this.#inTurn(async () => {
      const end = this.#clock.now() + milliseconds;
      await this.#idle();
      for (let next = this.#nextAt; next <= end; next = this.#nextAt) {
        await this.#moveTo(next);
        await this.#idle();
      }
      await this.#moveTo(end);
      await this.#idle();
    });
  }

  /** Calls that overlap wait for one another. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #idle(): Promise<void> {
    // Polls of before first: the last one is to see what they give back.
    await this.#settle();
    const poll = await this.#pollUntilNothingIsDue();
    const { dueInMs } = poll.report;
    this.#dueAt = dueInMs === null ? Infinity : this.#clock.now() + (dueInMs === 0 ? LOOK_AGAIN_MS : dueInMs);
  }

  /** A poll whose lease only waits for a short time does not look for more: the next one does. */
  async #pollUntilNothingIsDue(): Promise<Poll> {
    for (;;) {
      const before = this.#clock.now();
      const poll = this.#begin();
      await this.#settle();
      const waits = poll.claimed && !poll.over;
      if (!waits && this.#clock.now() === before) return poll;
    }
  }

  #begin(): Poll {
    const poll = { claimed: false, over: false, report: newReport() };
    const { store } = this.#poller;
    const claim: RunStore["claim"] = async (token, request) => {
      const answer = await store.claim(token, request);
      poll.claimed ||= answer.runs.length > 0;
      return answer;
    };
    void pollQueue({ ...this.#poller, store: { ...store, claim } }, true, poll.report)
      .catch((thrown: unknown) => (this.#failed ??= { thrown }))
      .then(() => (poll.over = true));
    return poll;
  }

  /** Until all pollers have ended, or wait for a time to come. Throws what one has thrown. */
  async #settle(): Promise<void> {
    for (;;) {
      await this.#activity.quiet();
      if (this.#failed !== undefined) throw this.#failed.thrown;
      if (this.#clock.fire()) continue;
      const timeout = this.#timeouts.shift();
      if (timeout === undefined) return;
      if (timeout <= this.#clock.now()) continue;
      this.#timeouts.unshift(timeout);
      await this.#moveTo(Math.min(timeout, this.#clock.nextAt));
    }
  }

  get #nextAt(): number {
    return Math.min(this.#dueAt, this.#clock.nextAt);
  }

  /** In whole milliseconds, as the database is told them. */
  async #moveTo(moment: number): Promise<void> {
    const at = Math.max(Math.ceil(moment), this.#clock.now());
    await this.#setNow(new Date(at));
    this.#clock.moveTo(at);
  }

  /** A handler takes no time; one that takes longer than its timeout, really, has taken that. */
  #count(call: CallHandler): CallHandler {
    return (move, state, context, memory) => {
      const { timeoutMs } = move.node;
      const timeout = this.#clock.now() + timeoutMs;
      return this.#activity.within(
        timeoutMs,
        call(move, state, context, memory && this.#activity.resting(memory)),
        () => void this.#timeouts.push(timeout),
      );
    };
  }
}

const callItself: CallHandler = ({ node }, state, context, memory) => node.run(state, context, memory);

function countCalls(store: RunStore, activity: Activity): RunStore {
  return {
    tick: () => activity.during(store.tick()),
    claim: (token, request) => activity.during(store.claim(token, request)),
    advance: (token, round, request) => activity.during(store.advance(token, round, request)),
    advanceWith: (token, round, request, statements) => activity.during(store.advanceWith(token, round, request, statements)),
    release: (token) => activity.during(store.release(token)),
  };
}
