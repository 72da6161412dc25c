/** What was seen of a check that held, in words, and what the checks after it need of it. */
export interface Seen<Value = void> {
  readonly seen: string;
  readonly value?: Value;
}

/** A line for each check, as it ends, and a sum. */
export class Report {
  readonly #log: (line: string) => void;
  #held = 0;
  #failed = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Runs a check; undefined where it failed, or has nothing to give. */
  async hold<Value>(name: string, check: () => Promise<Seen<Value>>): Promise<Value | undefined> {
    const started = performance.now();
    const say = (word: string, text: string) =>
      this.#log(`${word} ${name}: ${text} (${Math.round((performance.now() - started) / 1_000)} s)`);
    try {
      const { seen, value } = await check();
      this.#held++;
      say("ok  ", seen);
      return value;
    } catch (thrown) {
      this.#failed++;
      say("FAIL", (thrown as Error).message.replaceAll(/\s+/g, " "));
      return undefined;
    }
  }

  /** Says the sum; whether everything held. */
  end(): boolean {
    this.#log(`${this.#held} held, ${this.#failed} failed`);
    return this.#failed === 0;
  }
}
