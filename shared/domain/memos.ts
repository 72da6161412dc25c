import type { Json } from "./json.ts";
import type { Row } from "./standing.ts";

/**
 * What the steps of a script have stored, by path. It never changes, as `Outputs`: one more shares
 * the list with what comes of it, so that step 3,000 costs what step 1 does.
 */
export class Memos {
  readonly #list: (readonly [path: string, output: Json])[];
  readonly size: number;
  readonly bytes: number;

  /** Takes the list over: nobody else may change it. */
  constructor(list: (readonly [string, Json])[], bytes: number) {
    this.#list = list;
    this.size = list.length;
    this.bytes = bytes;
  }

  append(path: string, { output, bytes }: Row): Memos {
    const list = this.#list.length === this.size ? this.#list : this.#list.slice(0, this.size);
    list.push([path, output]);
    return new Memos(list, this.bytes + bytes);
  }

  toMap(): Map<string, Json> {
    return new Map(this.#list.slice(0, this.size));
  }
}

export const noMemos = new Memos([], 0);
