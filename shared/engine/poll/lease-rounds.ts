import type { Json } from "../../domain/json.ts";
import type { AdvanceAnswer, ClaimAnswer } from "../../domain/protocol.ts";
import type { LeaseTimes } from "./lease-times.ts";

/** What the rounds of a lease have stored. */
export interface Stored {
  readonly steps: number;
  readonly failedRuns: number;
  readonly poisoned: number;
}

/** What a lease and the database have told each other. */
export class LeaseRounds {
  readonly #times: LeaseTimes;
  #number = 0;
  #low: Json = {};
  #moreDue = false;
  readonly #stored = { steps: 0, failedRuns: 0, poisoned: 0 };

  constructor(times: LeaseTimes) {
    this.#times = times;
  }

  /** The watermark of the last answer. */
  get low(): Json {
    return this.#low;
  }

  /** The last claim left runs that are due, for lack of slots or of bytes. */
  get moreDue(): boolean {
    return this.#moreDue;
  }

  get stored(): Stored {
    return this.#stored;
  }

  /** Begins a round, and gives its number: a new one for each content. */
  begin(): number {
    this.#times.sent();
    return ++this.#number;
  }

  /** Takes over what its claim said; asked: how many runs it was to give. */
  applyClaim(answer: ClaimAnswer, asked: number): void {
    this.#number = answer.round;
    this.applyAnswer(answer, asked);
  }

  /** Takes over what a round said; asked: how many runs it was to give, if any. */
  applyAnswer(answer: Pick<ClaimAnswer | AdvanceAnswer, "now" | "low" | "due_in_ms" | "runs">, asked = 0): void {
    this.#times.answered(answer.now);
    if (asked > 0) {
      this.#moreDue = answer.runs.length >= asked || (answer.runs.length > 0 && answer.due_in_ms === 0);
      this.#times.asked();
    }
    // A repeated round without a claim has none to tell.
    if (answer.low !== undefined && answer.low !== null) this.#low = answer.low;
    if (answer.due_in_ms === undefined) return;
    // Due runs that were not given are being claimed by another poller: do not ask at once.
    const soonest = answer.runs.length === 0 ? 100 : 0;
    this.#times.expectDue(answer.due_in_ms === null ? null : Math.max(answer.due_in_ms, soonest));
  }

  /** A claim beside this lease found nothing that is due. */
  foundNoMore(): void {
    this.#moreDue = false;
  }

  count({ steps = 0, failedRuns = 0, poisoned = 0 }: Partial<Stored>): void {
    this.#stored.steps += steps;
    this.#stored.failedRuns += failedRuns;
    this.#stored.poisoned += poisoned;
  }
}
