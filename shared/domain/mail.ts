import { addressOf, type SignalKey } from "./address.ts";
import type { Json } from "./json.ts";

/** A message to a run that no node has taken. */
export interface Letter {
  /** Its number: a greater one came later. */
  readonly n: number;
  readonly name: string;
  readonly body: Json;
  /** When it came, in milliseconds since 1970, by the database's clock. */
  readonly at: number;
}

/** What is known of the messages to a run. A value: without one of them it is another. */
export class Mail {
  /** What of these names was stored by then; milliseconds since 1970, by the database. */
  readonly asOf: number;
  /** In the order in which they came. */
  private readonly letters: readonly Letter[];
  /** Those of which it is known; the letters have the oldest of each. Undefined: of every name. */
  private readonly names: readonly string[] | undefined;
  /** Keys by which the run waits and that another one has. */
  private readonly taken: readonly SignalKey[];

  constructor(asOf: number, letters: readonly Letter[], names?: readonly string[], taken: readonly SignalKey[] = []) {
    this.asOf = asOf;
    this.taken = taken;
    this.letters = letters.toSorted((a, b) => a.n - b.n);
    this.names = names;
  }

  /** The oldest with one of these names. */
  first(names: readonly string[]): Letter | undefined {
    return this.letters.find(({ name }) => names.includes(name));
  }

  /** Whether one of these messages is not there any more. */
  lacks(wanted: readonly number[]): boolean {
    return wanted.some((each) => !this.letters.some(({ n }) => n === each));
  }

  /** Whether another run has a key that is among these. */
  lostTo(addresses: readonly string[]): boolean {
    return this.taken.some(({ name, key }) => addresses.includes(addressOf(name, key)));
  }

  /** Whether it is known what had come with each of these names by then (default: at some time). */
  knows(names: readonly string[], by = -Infinity): boolean {
    return this.asOf >= by && (this.names === undefined || names.every((name) => this.names!.includes(name)));
  }

  /** Whether it has a message that was not known before. */
  tellsMoreThan(before: Mail): boolean {
    return this.letters.some(({ n }) => !before.letters.some((known) => known.n === n));
  }

  /** With some more. */
  with(more: readonly Letter[]): Mail {
    return new Mail(this.asOf, [...this.letters, ...more], this.names, this.taken);
  }

  /** Without some of them. Whether others of their names lie behind them is not known. */
  without(numbers: readonly number[]): Mail {
    const gone = this.letters.filter(({ n }) => numbers.includes(n));
    const left = this.letters.filter((each) => !gone.includes(each));
    const names = this.names?.filter((name) => !gone.some((each) => each.name === name));
    return new Mail(this.asOf, left, names, this.taken);
  }
}

/** Nothing is known. */
export const noMail = new Mail(-Infinity, [], []);
