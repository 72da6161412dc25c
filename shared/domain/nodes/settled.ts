import type { ErrorRecord } from "../errors.ts";
import type { Json } from "../json.ts";

/** An item that is over. */
export interface SettledItem {
  readonly index: number;
  readonly result: Json;
  readonly bytes: number;
  readonly failed: boolean;
}

/**
 * Items of a map in the order in which they were over. It never changes, as `Outputs`: one more
 * item makes another, which shares the list, so that an item of 10,000 costs what one of 100 does.
 */
export class Settled {
  readonly #list: SettledItem[];
  readonly #length: number;
  readonly bytes: number;

  private constructor(list: SettledItem[], bytes: number) {
    this.#list = list;
    this.#length = list.length;
    this.bytes = bytes;
  }

  static of(items: SettledItem[]): Settled {
    return new Settled(
      items,
      items.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  append(item: SettledItem): Settled {
    const isNewest = this.#list.length === this.#length;
    const list = isNewest ? this.#list : this.#list.slice(0, this.#length);
    list.push(item);
    return new Settled(list, this.bytes + item.bytes);
  }

  /** Those from an index on. */
  from(index: number): Settled {
    return Settled.of(this.#list.slice(0, this.#length).filter((item) => item.index >= index));
  }

  /** Those with an index from `from` up to `end`, in order. */
  between(from: number, end: number): SettledItem[] {
    const list = this.#list.slice(0, this.#length).filter(({ index }) => index >= from && index < end);
    return list.sort((a, b) => a.index - b.index);
  }

  /** The results of all, in order. */
  inOrder(): Json {
    return Object.freeze(this.between(0, Infinity).map(({ result }) => result));
  }
}

/** What an item came to, as the state shows it. */
export function resultOf(tolerates: boolean, output: Json): Json {
  return tolerates ? Object.freeze({ ok: true, value: output }) : output;
}

export function failedResult(error: ErrorRecord): Json {
  return Object.freeze({ ok: false, error: shownError(error) });
}

/** The message of an item's error, as the state shows it. */
const MAX_MESSAGE_BYTES = 512;

function shownError({ name, message }: ErrorRecord): Json {
  const bytes = Buffer.from(message);
  return Object.freeze({ name, message: bytes.length <= MAX_MESSAGE_BYTES ? message : `${cut(bytes)}…` });
}

/** Not within a character. */
function cut(bytes: Buffer): string {
  return new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE_BYTES - 3)).replace(/\uFFFD+$/, "");
}
