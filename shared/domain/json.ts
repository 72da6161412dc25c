/** A JSON value. A property may be `undefined`: it is dropped, as `JSON.stringify` drops it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The deepest nesting of arrays and objects that is stored. */
export const MAX_JSON_DEPTH = 64;

/** The most values one JSON value may hold. It stops shared references from unfolding without end. */
export const MAX_JSON_VALUES = 1_000_000;

/**
 * A value that cannot be stored as JSON.
 *
 * `pointer` is the JSON pointer (RFC 6901) of the offending place, `""` for the whole value; `reason` says what is wrong there.
 */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";
  readonly pointer: string;
  readonly reason: string;

  constructor(pointer: string, reason: string) {
    super(`The value at "${pointer}" cannot be stored as JSON: ${reason}.`);
    this.pointer = pointer;
    this.reason = reason;
  }
}

/** Where the gate stands: the container, the key it was reached by, and the way back up. */
interface Place {
  readonly container: object;
  readonly key: string | number;
  readonly depth: number;
  readonly parent: Place | undefined;
}

interface Gate {
  values: number;
}

/**
 * Returns a copy of the value as JSON would carry it: what a later invocation will read is what this one sees.
 *
 * Properties that are `undefined` are dropped, `-0` becomes `0`, and `undefined` itself becomes `null`. The copy is frozen.
 * Throws `NotJsonError` for everything that JSON or JSONB would refuse or silently change: NUL characters and lone surrogates,
 * non-finite numbers, bigints, functions, symbols, dates and other class instances, holes and `undefined` in arrays, the key
 * `__proto__`, cycles, and nesting over 64.
 */
export function checkJson(value: unknown): Json {
  return value === undefined ? null : copy(value, "", undefined, { values: 0 });
}

/** The size of a value in UTF-8 bytes of its JSON text. */
export function jsonBytes(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Freezes a JSON value to its leaves and returns it. What is frozen already is taken to be frozen all the way. */
export function freezeJson<Value extends Json>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value as JsonObject)) freezeJson(item ?? null);
  return Object.freeze(value);
}

function copy(value: unknown, key: string | number, parent: Place | undefined, gate: Gate): Json {
  if (++gate.values > MAX_JSON_VALUES) throw notJson(parent, key, `it holds more than ${MAX_JSON_VALUES} values`);
  switch (typeof value) {
    case "string":
      return checkText(value, key, parent, "it");
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw notJson(parent, key, `${value} is not a JSON number`);
      return value === 0 ? 0 : value;
    case "object":
      return value === null ? null : copyContainer(value, key, parent, gate);
    default:
      throw notJson(parent, key, value === undefined ? "an array may not hold undefined: use null" : `a ${typeof value} is not JSON`);
  }
}

function copyContainer(container: object, key: string | number, parent: Place | undefined, gate: Gate): Json {
  const depth = parent === undefined ? 1 : parent.depth + 1;
  const place: Place = { container, key, depth, parent };
  if (depth > MAX_JSON_DEPTH) throw notJson(parent, key, tooDeep(container, parent));
  if (Array.isArray(container)) return copyArray(container, place, gate);
  const prototype: unknown = Object.getPrototypeOf(container);
  if (prototype !== Object.prototype && prototype !== null) throw notJson(parent, key, notPlain(container));
  return copyObject(container as Record<string, unknown>, place, gate);
}

function copyArray(items: readonly unknown[], place: Place, gate: Gate): Json {
  const result: Json[] = [];
  for (let index = 0; index < items.length; index++) result.push(copy(items[index], index, place, gate));
  return Object.freeze(result);
}

function copyObject(object: Record<string, unknown>, place: Place, gate: Gate): Json {
  const result: Record<string, Json> = {};
  for (const key of Object.keys(object)) {
    if (key === "__proto__") throw notJson(place, key, "this key is not allowed");
    checkText(key, key, place, "its key");
    const value = object[key];
    if (value !== undefined) result[key] = copy(value, key, place, gate);
  }
  return Object.freeze(result);
}

function checkText(text: string, key: string | number, parent: Place | undefined, what: string): string {
  if (text.includes("\0")) throw notJson(parent, key, `${what} contains a NUL character`);
  if (!text.isWellFormed()) throw notJson(parent, key, `${what} contains half of a surrogate pair`);
  return text;
}

function tooDeep(container: object, parent: Place | undefined): string {
  for (let place = parent; place !== undefined; place = place.parent) {
    if (place.container === container) return "it contains itself";
  }
  return `it is nested deeper than ${MAX_JSON_DEPTH}`;
}

function notPlain(container: object): string {
  if (container instanceof Date) return "a Date is not JSON: use date.toISOString()";
  return "an instance of a class is not JSON: use a plain object";
}

function notJson(parent: Place | undefined, key: string | number, reason: string): NotJsonError {
  let pointer = "";
  for (let place = parent, step = key; place !== undefined; step = place.key, place = place.parent) {
    pointer = `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}${pointer}`;
  }
  return new NotJsonError(pointer, reason);
}
