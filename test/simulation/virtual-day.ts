import { createClient } from "../../shared/client.ts";
import type { Database } from "../../shared/db/database.ts";
import { type IdleGate, pollBehindGate } from "../../shared/engine/poll/idle-gate.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { Poller } from "../../shared/engine/poll/poller.ts";
import type { PollReport } from "../../shared/engine/poll/poll-report.ts";
import type { Clock } from "../../shared/engine/ports.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import type { TestDatabase } from "../support/database.ts";
import { createPoller } from "../support/poller.ts";

/**
 * What a day cost: minutes that a database would have been awake that sleeps five minutes after its
 * last statement.
 */
export interface DayCost {
  readonly awakeMinutes: number;
  readonly statements: number;
  /** Calls of SSM. */
  readonly reads: number;
  readonly writes: number;
}

/** How a day may differ from one on which all goes well. */
export interface DayOptions {
  /** `false`: every tick polls. */
  readonly gated?: boolean;
  /** How many processes poll; next says which one takes the next event. Default: one. */
  readonly processes?: number;
  readonly next?: () => number;
  /** Called before and after a call of the board; what it throws, the caller sees. */
  readonly board?: (call: "read" | "write", when: "before" | "after") => void;
  /** Whether the process that has just claimed dies now. */
  readonly dies?: () => boolean;
  /** Called when a tick has rested. */
  readonly rested?: () => Promise<void>;
  /** What signs links, where workflows hand out some. */
  readonly tickets?: Poller["tickets"];
  /** How long a nudge is on its way, in milliseconds. */
  readonly delay?: () => number;
}

const MINUTE = 60_000;
const SUSPEND_AFTER = 5 * MINUTE;
/**
 * Real time in which handlers that do nothing come back, before the virtual clock jumps to the next
 * timer.
 */
const QUIET_MS = 30;

/**
 * A day on a virtual clock, with the real engine on a real Postgres: the schedule fires exactly on
 * the minute, a nudge at once.
 *
 * The clock stands still while the engine works, and jumps to a timer that nobody has called off.
 */
export class VirtualDay {
  now: number;
  readonly start: number;
  readonly client;
  /** Its statements count, and are made at the day's time. */
  readonly counted: Database;
  /** Wakes pollers, as who has stored something does. */
  readonly nudge: (pollers: number) => Promise<void>;
  readonly #database: TestDatabase;
  readonly #options: DayOptions;
  readonly #processes: readonly ((nudged: boolean) => Promise<PollReport | undefined>)[];
  readonly #touched: number[] = [];
  readonly #nudges: number[] = [];
  #hint: string | null = null;
  #told: { readonly moment: number; readonly done: Promise<void> } = { moment: NaN, done: Promise.resolve() };
  #reads = 0;
  #writes = 0;

  private constructor(database: TestDatabase, workflows: readonly AnyWorkflow[], options: DayOptions) {
    this.#database = database;
    this.#options = options;
    // Tomorrow at midnight: the partitions of the days before need not be there.
    this.now = this.start = (Math.floor(Date.now() / 86_400_000) + 1) * 86_400_000;
    const counted = (this.counted = this.#counting(database.database));
    const { processes = 1, gated = true, delay = () => 0 } = options;
    this.#processes = Array.from({ length: processes }, () => this.#newProcess(counted, workflows, gated));
    const nudge = (this.nudge = async (pollers: number) => {
      for (let n = 0; n < pollers; n++) this.#nudges.push(this.now + delay());
    });
    this.client = createClient({ database: counted, nudge, idleGate: gated, now: () => this.now });
  }

  static async begin(database: TestDatabase, workflows: readonly AnyWorkflow[], options: DayOptions = {}): Promise<VirtualDay> {
    const day = new VirtualDay(database, workflows, options);
    day.#moveTo(day.start);
    await day.#tellTime();
    return day;
  }

  /**
   * Lets the schedule fire every minute up to a moment, in minutes since midnight, and then moves
   * there.
   */
  async runTo(minute: number): Promise<void> {
    const end = this.start + minute * MINUTE;
    for (let tick = Math.ceil(this.now / MINUTE) * MINUTE; tick < end; tick += MINUTE) {
      // A poller that is still at work would have had the event beside it.
      if (tick < this.now) continue;
      await this.#deliverUntil(tick);
      this.#moveTo(tick);
      if ((await this.#poll(false))?.rested === true && this.#options.rested !== undefined) {
        await this.#tellTime();
        await this.#options.rested();
      }
    }
    await this.#deliverUntil(end);
    if (this.now < end) this.#moveTo(end);
  }

  /** Does something as a caller would, and waits for the pollers that it woke at once. */
  async act<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = await action();
    await this.#deliverUntil(this.now);
    return result;
  }

  /** Delivers the nudges that are due by then; those of one moment at the same time. */
  async #deliverUntil(moment: number): Promise<void> {
    for (let at = Math.min(...this.#nudges); at <= moment; at = Math.min(...this.#nudges)) {
      if (at > this.now) this.#moveTo(at);
      const due = this.#nudges.filter((each) => each <= this.now);
      this.#nudges.splice(0, Infinity, ...this.#nudges.filter((each) => each > this.now));
      await Promise.all(due.map(() => this.#poll(true)));
    }
  }

  /** One invocation, by one of the processes; undefined when it died. */
  #poll(nudged: boolean): Promise<PollReport | undefined> {
    return this.#processes[this.#options.next?.() ?? 0]!(nudged);
  }

  #newProcess(database: Database, workflows: readonly AnyWorkflow[], gated: boolean): (nudged: boolean) => Promise<PollReport | undefined> {
    const { tickets } = this.#options;
    const fresh = () =>
      createPoller(database, workflows, { clock: this.#clock(), settings: { lingerMs: 15_000 }, ...(tickets && { tickets }) });
    let poller = fresh();
    const gate: IdleGate = { board: this.#board(), now: () => this.now, knows: "this code" };
    return (nudged) => {
      const death = Promise.withResolvers<undefined>();
      const { store } = poller;
      const claim: typeof store.claim = async (...call) => {
        const answer = await store.claim(...call);
        if (answer.runs.length === 0 || this.#options.dies?.() !== true) return answer;
        poller = fresh();
        death.resolve(undefined);
        return new Promise(() => {});
      };
      const mortal = { ...poller, store: { ...store, claim } };
      return Promise.race([death.promise, gated ? pollBehindGate(mortal, gate, nudged) : pollQueue(mortal, nudged)]);
    };
  }

  cost(): DayCost {
    let awake = 0;
    let until = 0;
    for (const at of [...this.#touched].sort((a, b) => a - b)) {
      awake += at + SUSPEND_AFTER - Math.max(at, until);
      until = at + SUSPEND_AFTER;
    }
    const awakeMinutes = Math.round((awake / MINUTE) * 10) / 10;
    return { awakeMinutes, statements: this.#touched.length, reads: this.#reads, writes: this.#writes };
  }

  #moveTo(moment: number): void {
    this.now = moment;
  }

  /**
   * Most minutes of a day touch no database, so it hears of the time when the next call of it goes
   * out.
   */
  async #tellTime(): Promise<void> {
    const { now } = this;
    const before = this.#told;
    // One after the other, since the database's owner has several sessions.
    if (before.moment !== now) this.#told = { moment: now, done: before.done.then(() => this.#database.setNow(new Date(now))) };
    await this.#told.done;
  }

  #counting(inner: Database): Database {
    const counted = <Result>(call: () => Promise<Result>): Promise<Result> => (this.#touched.push(this.now), this.#tellTime().then(call));
    return {
      ...inner,
      query: (...call: Parameters<Database["query"]>) => counted(() => inner.query(...call)) as never,
      transaction: (...call) => counted(() => inner.transaction(...call)),
    };
  }

  #board(): IdleGate["board"] {
    return {
      read: async () => {
        this.#reads++;
        this.#options.board?.("read", "before");
        return this.#hint;
      },
      write: async (text) => {
        this.#writes++;
        this.#options.board?.("write", "before");
        this.#hint = text;
        this.#options.board?.("write", "after");
      },
    };
  }

  #clock(): Clock {
    return {
      now: () => this.now,
      after: (milliseconds, callback) => {
        const due = this.now + milliseconds;
        let off = false;
        const jump = async () => {
          await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
          if (!off && due > this.now) this.#moveTo(due);
          if (!off) callback();
        };
        void jump();
        return () => void (off = true);
      },
    };
  }
}
