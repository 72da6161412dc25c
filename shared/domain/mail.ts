import { addressOf, type SignalKey } from "./address.ts";
import type { Json } from "./json.ts";

/** A message to a run that no node has taken. */
export interface Letter {
  /** Its number: a greater one came later. */
  readonly n: number;
  readonly name: string;
  readonly body: Json;
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

  /** Whether a message is none of these any more. */
  lacks(wanted: number | undefined): boolean {
    return wanted !== undefined && !this.letters.some(({ n }) => n === wanted);
  }

  /** Whether another run has a key that is among these. */
  lostTo(addresses: readonly string[]): boolean {
    return this.taken.some(({ name, key }) => addresses.includes(addressOf(name, key)));
  }

  /** Whether it is known what had come with each of these names by then. */
  knows(names: readonly string[], by: number): boolean {
    return this.asOf >= by && (this.names === undefined || names.every((name) => this.names!.includes(name)));
  }

  /** Without one of them. Whether another of its name lies behind it is not known. */
  without(taken: number): Mail {
    const { asOf, letters, names, taken: keys } = this;
    const { name } = letters.find(({ n }) => n === taken)!;
    return new Mail(
      asOf,
      letters.filter(({ n }) => n !== taken),
      names?.filter((each) => each !== name),
      keys,
    );
  }
}

/** Nothing is known. */
export const noMail = new Mail(-Infinity, []);
