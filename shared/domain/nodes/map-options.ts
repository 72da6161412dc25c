/** What all maps have in common, whatever their items are. */
import { freezeJson, checkJson, type Json } from "../json.ts";
import type { State } from "../node.ts";
import { requireFunction } from "../options.ts";

export type Collect = (sum: Json, value: Json, index: number) => Json;

export interface AnyMapOptions {
  readonly over: (state: State) => readonly unknown[];
  readonly as?: string | undefined;
  readonly concurrency?: number | undefined;
  readonly tolerate?: number | string | undefined;
  readonly collect?: Collect | undefined;
  readonly from?: Json | undefined;
}

export const LIST_OPTIONS = ["over", "as", "concurrency", "tolerate", "collect", "from"];

/** What becomes of the items of a list. */
export interface Gathering {
  /** How many of so many items may fail. */
  readonly tolerance: (items: number) => number;
  readonly tolerates: boolean;
  readonly collect: Collect | undefined;
  readonly from: Json;
}

export function resolveList({ over, tolerate, collect, from }: AnyMapOptions): Gathering {
  requireFunction(over, "its over is no function: write over: ({ input }) => input.items");
  if (collect !== undefined) requireFunction(collect, "its collect is no function: write collect: (sum, value) => …");
  if (collect === undefined && from !== undefined) throw new TypeError("it has from without collect: add collect, or leave from out");
  if (collect !== undefined && from === undefined) throw new TypeError("it has collect without from: add from, what collect begins with");
  return { tolerance: toleranceOf(tolerate), tolerates: tolerate !== undefined, collect, from: freezeJson(checkJson(from)) };
}

export function checkConcurrency(concurrency: unknown, most: number): void {
  if (!Number.isInteger(concurrency) || (concurrency as number) < 1 || (concurrency as number) > most)
    throw new TypeError(`its concurrency is ${String(concurrency)}: use a whole number from 1 to ${most}`);
}

/** How many of so many items may fail. */
function toleranceOf(tolerate: number | string | undefined): (items: number) => number {
  if (tolerate === undefined) return () => 0;
  if (typeof tolerate === "number" && Number.isInteger(tolerate) && tolerate >= 0) return () => tolerate;
  const percent = typeof tolerate === "string" ? /^(\d{1,3}(?:\.\d+)?) ?%$/.exec(tolerate)?.[1] : undefined;
  if (percent === undefined || Number(percent) > 100)
    throw new TypeError(`its tolerate is ${JSON.stringify(tolerate)}: use a whole number of items such as 5, or a share such as "10 %"`);
  return (items) => Math.floor((items * Number(percent)) / 100);
}

/** The list of a `map` is longer than one run can take. */
export class TooManyItemsError extends Error {
  override readonly name = "TooManyItemsError";
  readonly node: string;
  readonly items: number;

  constructor(node: string, items: number, most: number, advice: string) {
    super(`"${node}" has ${items} items, more than ${most}: ${advice}. None of them was started.`);
    this.node = node;
    this.items = items;
  }
}

/** The list, as it is to be stored. */
export function checkItems(path: string, items: unknown, most: number, advice: string): readonly unknown[] {
  if (!Array.isArray(items)) throw new TypeError(`The over of "${path}" must return an array.`);
  if (items.length > most) throw new TooManyItemsError(path, items.length, most, advice);
  return items;
}
