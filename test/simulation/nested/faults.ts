/** What may happen to one call of the database. */
const FAULTS = [
  /** It never arrives. */
  "lost",
  /** Its answer does not come back. */
  "unanswered",
  /** Its caller has given it up when it arrives. */
  "late",
  /** It arrives again, after others. */
  "copied",
  /** It arrives twice in a row. */
  "twice",
  /** It meets a deadlock. */
  "refused",
  /** It takes seconds. */
  "slow",
  /** Its poller dies before the answer comes. */
  "dies",
] as const;

export type Fault = (typeof FAULTS)[number];

/** Which faults the calls of a seed meet. */
export class Faults {
  readonly random: () => number;
  readonly #share: number;
  readonly #met: Map<string, number>;
  #isCalm = false;

  /** met: is counted on. */
  constructor(random: () => number, met: Map<string, number>) {
    this.random = random;
    this.#met = met;
    this.#share = [0, 0.02, 0.08, 0.2][Math.floor(random() * 4)]!;
  }

  next(): Fault | undefined {
    if (this.#isCalm || this.random() >= this.#share) return undefined;
    const fault = FAULTS[Math.floor(this.random() * FAULTS.length)]!;
    this.count(fault);
    return fault;
  }

  count(what: string): void {
    this.#met.set(what, (this.#met.get(what) ?? 0) + 1);
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }

  calm(): void {
    this.#isCalm = true;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1));
  }
}
