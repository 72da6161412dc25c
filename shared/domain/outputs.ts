import type { Json } from "./json.ts";

/**
 * The outputs of a run, in the order of its chain. It never changes: one more output makes another.
 *
 * What is appended to shares its list with what comes of it, so that the cost of an output does not
 * grow with the outputs before. Each looks at its own length of the list alone; the first to append
 * to it grows the list, and a second one copies it.
 */
export class Outputs {
  readonly #list: Json[];
  readonly length: number;

  /** Takes the list over: nobody else may change it. */
  constructor(list: Json[]) {
    this.#list = list;
    this.length = list.length;
  }

  /** Undefined beyond the last. */
  at(position: number): Json | undefined {
    return position < this.length ? this.#list[position] : undefined;
  }

  append(output: Json): Outputs {
    const isNewest = this.#list.length === this.length;
    const list = isNewest ? this.#list : this.#list.slice(0, this.length);
    list.push(output);
    return new Outputs(list);
  }
}
