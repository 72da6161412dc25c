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
  /** All that was stored by then is among the letters; milliseconds since 1970, by the database. */
  readonly asOf: number;
  /** Of each name that is awaited the oldest, in the order in which they came. */
  private readonly letters: readonly Letter[];

  constructor(asOf: number, letters: readonly Letter[]) {
    this.asOf = asOf;
    this.letters = letters.toSorted((a, b) => a.n - b.n);
  }

  /** The oldest with one of these names. */
  first(names: readonly string[]): Letter | undefined {
    return this.letters.find(({ name }) => names.includes(name));
  }

  without(taken: number): Mail {
    return new Mail(
      this.asOf,
      this.letters.filter(({ n }) => n !== taken),
    );
  }
}

/** Nothing is known. */
export const noMail = new Mail(-Infinity, []);
