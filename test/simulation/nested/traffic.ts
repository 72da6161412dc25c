import type { RunRepository } from "../../../shared/db/run-repository.ts";
import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../../shared/domain/database-errors.ts";
import type { AdvanceAnswer } from "../../../shared/domain/protocol.ts";
import type { RunStore } from "../../../shared/engine/ports.ts";
import type { DatabaseClock, ProcessClock, VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { isOfChild } from "./spec.ts";
import type { Stored } from "./stored.ts";

/**
 * Refusals that a copy may get: fenced, applied before, an output that is there, and what the
 * statements of a sql node met themselves.
 */
const lawful = new Set(["BT001", "BT002", "BT003", "23505", "22012"]);
/** How long somebody waits for an answer. */
const WAIT_MS = 15_000;

/** What lies between pollers and the database, one call at a time. */
export class Traffic {
  readonly #time: VirtualTime;
  readonly #clock: DatabaseClock;
  readonly #faults: Faults;
  readonly #runs: RunRepository;
  readonly #stored: Stored;
  readonly #late: (() => Promise<void>)[] = [];
  readonly unlawful: unknown[] = [];
  /** Somebody was told of a child for the first time: by its id, and its key. */
  onChild: (id: string, key: string) => void = () => undefined;

  constructor(time: VirtualTime, clock: DatabaseClock, faults: Faults, runs: RunRepository, stored: Stored) {
    this.#time = time;
    this.#clock = clock;
    this.#faults = faults;
    this.#runs = runs;
    this.#stored = stored;
  }

  /** The store of one process. */
  storeFor(clock: ProcessClock): RunStore {
    const runs = this.#runs;
    const send = <Answer>(call: () => Promise<Answer>) => this.#send(clock, call);
    const keep = <Answer>(request: string, sent: Promise<Answer>) =>
      sent.then((answer) => (this.#stored.note(request, this.#time.now, this.#clock.now, answer as never), answer));
    const look = <Answer>(sent: Promise<Answer>, hasEnded: (answer: Answer) => boolean) =>
      sent.then((answer) => ((this.#stored.mayHaveEnded ||= hasEnded(answer)), answer));
    const meet = <Answer extends { readonly runs?: AdvanceAnswer["runs"] | undefined }>(sent: Promise<Answer>) =>
      sent.then((answer) => (this.#meet(answer.runs), answer));
    return {
      tick: () => send(() => look(runs.tick(), ({ poisoned, stopped }) => poisoned > 0 || stopped > 0)),
      claim: (token, request) =>
        send(() => meet(look(runs.claim(token, request), ({ poisoned = 0, stopped }) => poisoned > 0 || (stopped?.length ?? 0) > 0))),
      advance: (token, round, request) => send(() => meet(keep(request, runs.advance(token, round, request)))),
      advanceWith: (token, round, request, statements) =>
        send(() => meet(keep(request, runs.advanceWith(token, round, request, statements)))),
      release: (token) => send(() => runs.release(token)),
    };
  }

  #meet(claimed: AdvanceAnswer["runs"] | undefined): void {
    for (const { id, input } of claimed ?? []) {
      const { run: key } = input as { readonly run: string };
      if (isOfChild(key) && this.#stored.name(key, id)) this.onChild(id, key);
    }
  }

  /** All that is still on its way arrives. */
  async drain(): Promise<void> {
    for (const arrive of this.#late.splice(0)) await arrive();
  }

  #send<Answer>(clock: ProcessClock, call: () => Promise<Answer>): Promise<Answer> {
    const faults = this.#faults;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const fault = faults.next();
    const lose = () =>
      void clock.after(faults.between(1, WAIT_MS), () => reject(new DatabaseUnknownOutcomeError("The answer did not come.", {})));
    const answer = (take: () => void, inMs: number) => this.#time.after(inMs, () => clock.deliver(take));
    const arrive = async () => {
      if (fault === "refused")
        return answer(() => reject(new DatabaseBusyError("deadlock detected", { sqlstate: "40P01", rolledBack: true })), 1);
      const came = await call().then(
        (value) => () => resolve(value),
        (thrown: unknown) => () => reject(thrown),
      );
      if (fault === "twice") await this.#copy(call);
      if (fault === "unanswered") lose();
      else if (fault === "dies") clock.die();
      else answer(came, fault === "slow" ? faults.between(1_000, WAIT_MS) : faults.between(0, 6));
    };
    if (fault === "lost" || fault === "late") lose();
    if (fault === "late" || fault === "copied") this.#later(call, faults.between(1, 90_000));
    if (fault !== "lost" && fault !== "late") this.#time.after(faults.between(0, 6), arrive);
    return promise;
  }

  #later(call: () => Promise<unknown>, inMs: number): void {
    const arrive = () => this.#copy(call);
    this.#late.push(arrive);
    this.#time.after(inMs, () => {
      const place = this.#late.indexOf(arrive);
      if (place >= 0) this.#late.splice(place, 1);
      return place < 0 ? undefined : arrive();
    });
  }

  async #copy(call: () => Promise<unknown>): Promise<void> {
    await call().catch((thrown: unknown) => {
      if (!(thrown instanceof DatabaseRefusedError && lawful.has(thrown.sqlstate ?? ""))) this.unlawful.push(thrown);
    });
  }
}
