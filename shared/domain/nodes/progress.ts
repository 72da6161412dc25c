import type { ChainStanding } from "../chain.ts";
import type { Json } from "../json.ts";
import type { Fatal } from "../standing.ts";
import { Settled } from "./settled.ts";

/** An item that has begun. */
export interface Open {
  readonly index: number;
  readonly chain: ChainStanding;
}

/** How far the items of a map have come. */
export interface Progress {
  /** All before this index have begun. */
  readonly begun: number;
  /** Those that are not over, in order. */
  readonly open: readonly Open[];
  /** Those that are, and are not collected. */
  readonly settled: Settled;
  /** How many failed for good. */
  readonly failed: number;
  /** The first of these. */
  readonly firstFailed: (Fatal & { readonly index: number }) | undefined;
  /** How many are collected. */
  readonly folded: number;
  /** How many of these failed. */
  readonly foldedFailed: number;
  readonly sum: Json;
  /** Of the list and the last fold. */
  readonly ownBytes: number;
}

/** What was collected, with how many of these had failed. */
export interface Fold {
  readonly sum: Json;
  readonly failed: number;
}

/** No item has begun. from: what collecting begins with. */
export function beginning(from: Json): Progress {
  return {
    begun: 0,
    open: [],
    settled: Settled.of([]),
    failed: 0,
    firstFailed: undefined,
    folded: 0,
    foldedFailed: 0,
    sum: from,
    ownBytes: 0,
  };
}
