/** Functions of a workflow's author that a decision calls: synchronous, and once for each row. */
import { checkJson, type Json } from "./json.ts";
import type { Move, Owner, StoreMove } from "./moves.ts";

/** A move that an author's function has a part in; what it throws fails the run there. */
export function attempting(owner: Owner, make: () => Move): Move {
  try {
    return make();
  } catch (thrown) {
    return { do: "fail", owner, thrown };
  }
}

/** Stores what an author's function says. */
export function storing(owner: Owner, path: string, make: () => unknown, limits: Pick<StoreMove, "mostBytes" | "advice"> = {}): Move {
  return attempting(owner, () => ({ do: "store", path, output: checkJson(make()), owner, ...limits }));
}

/** Stores a fact of the engine's own. */
export function marking(owner: Owner, path: string, output: Json): StoreMove {
  return { do: "store", path, output, owner };
}

/** What the function returned, unless that is a promise. */
export function now<Value>(value: Value, what: string): Value {
  if (typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function") {
    if (value instanceof Promise) value.catch(() => undefined);
    throw new TypeError(`${what} returned a promise: decide at once, and put what must be awaited into a step before it`);
  }
  return value;
}
