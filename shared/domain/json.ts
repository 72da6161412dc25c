/** A JSON value. A property may be `undefined`: it is dropped, as `JSON.stringify` drops it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** The deepest nesting of arrays and objects that is stored. */
export const MAX_JSON_DEPTH = 64;

/**
 * The most values one JSON value may hold. It stops shared references from unfolding without end.
 */
export const MAX_JSON_VALUES = 1_000_000;

/** Why -0 is refused. */
export const MINUS_ZERO = "minus zero would come back as 0: use 0, or send it as a string";

const NOT_ASCII = /[^\0-\x7f]/;

const UNREADABLE = "it throws when it is read";

/**
 * A value that cannot be stored as JSON.
 *
 * `pointer` is the JSON pointer (RFC 6901) of the offending place, `""` for the whole value;
 * `reason` says what is wrong there.
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

/** Where the check is: the container, the key it was reached by, and the way back up. */
interface Path {
  readonly container: object;
  readonly key: string | number;
  readonly depth: number;
  readonly parent: Path | undefined;
}

interface Check {
  /** How many values it has seen. */
  values: number;
  /** Whether -0 is refused rather than taken as 0. */
  readonly refuseMinusZero: boolean;
}

/** How strict the check is. */
export interface CheckOptions {
  /**
   * -0 is refused, as is right for what somebody says; what somebody computes may end in -0 by
   * chance. Default: it becomes 0.
   */
  readonly refuseMinusZero?: boolean;
}

/**
 * Returns a copy of the value as JSON would carry it: what a later invocation will read is what
 * this one sees.
 *
 * Properties that are `undefined` are dropped, `-0` becomes `0` unless it is refused, and
 * `undefined` itself becomes `null`. Keys come in the order in which JSONB gives them back. The
 * copy is frozen. Throws `NotJsonError` for everything that JSON or JSONB would refuse or silently
 * change: NUL characters and lone surrogates, non-finite numbers, bigints, functions, symbols,
 * dates and other class instances, holes and `undefined` in arrays, what throws when it is read,
 * the key `__proto__`, cycles, and nesting over 64.
 */
export function checkJson(value: unknown, { refuseMinusZero = false }: CheckOptions = {}): Json {
  return value === undefined ? null : copy(value, "", undefined, { values: 0, refuseMinusZero });
}

/**
 * Freezes a JSON value to its leaves and returns it. What is frozen already is taken to be frozen
 * all the way.
 */
export function freezeJson<Value extends Json>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value as JsonObject)) freezeJson(item ?? null);
  return Object.freeze(value);
}

function copy(value: unknown, key: string | number, parent: Path | undefined, check: Check): Json {
  if (++check.values > MAX_JSON_VALUES) throw notJson(parent, key, `it holds more than ${MAX_JSON_VALUES} values`);
  switch (typeof value) {
    case "string":
      return checkText(value, key, parent, "it");
    case "boolean":
      return value;
    case "number":
      return copyNumber(value, key, parent, check);
    case "object":
      return value === null ? null : copyContainer(value, key, parent, check);
    default:
      throw notJson(parent, key, value === undefined ? "an array may not hold undefined: use null" : `a ${typeof value} is not JSON`);
  }
}

function copyNumber(value: number, key: string | number, parent: Path | undefined, check: Check): number {
  if (!Number.isFinite(value)) throw notJson(parent, key, `${value} is not a JSON number`);
  if (check.refuseMinusZero && Object.is(value, -0)) throw notJson(parent, key, MINUS_ZERO);
  return value === 0 ? 0 : value;
}

function copyContainer(container: object, key: string | number, parent: Path | undefined, check: Check): Json {
  const depth = parent === undefined ? 1 : parent.depth + 1;
  const path: Path = { container, key, depth, parent };
  if (depth > MAX_JSON_DEPTH) throw notJson(parent, key, tooDeep(container, parent));
  const problem = problemOf(container);
  if (problem !== undefined) throw notJson(parent, key, problem);
  return Array.isArray(container) ? copyArray(container, path, check) : copyObject(container as Record<string, unknown>, path, check);
}

/** Why something is neither an array nor a plain object. A proxy may throw at every question. */
function problemOf(container: object): string | undefined {
  try {
    if (Array.isArray(container)) return undefined;
    const prototype: unknown = Object.getPrototypeOf(container);
    return prototype === Object.prototype || prototype === null ? undefined : notPlain(container);
  } catch {
    return UNREADABLE;
  }
}

function copyArray(items: readonly unknown[], path: Path, check: Check): Json {
  const result: Json[] = [];
  const length = read(items, "length", path) as number;
  for (let index = 0; index < length; index++) result.push(copy(read(items, index, path), index, path, check));
  return Object.freeze(result);
}

function copyObject(object: Record<string, unknown>, path: Path, check: Check): Json {
  const result: Record<string, Json> = {};
  for (const key of keysOf(object, path)) {
    if (key === "__proto__") throw notJson(path, key, "this key is not allowed");
    checkText(key, key, path, "its key");
    const value = read(object, key, path);
    if (value !== undefined) result[key] = copy(value, key, path, check);
  }
  return Object.freeze(result);
}

/** A property or an item; a getter may throw. */
function read(container: object, key: string | number, path: Path): unknown {
  try {
    return (container as Record<string | number, unknown>)[key];
  } catch {
    throw notJson(path, key, UNREADABLE);
  }
}

function keysOf(object: object, { key, parent }: Path): string[] {
  try {
    return inJsonbOrder(Object.keys(object));
  } catch {
    throw notJson(parent, key, UNREADABLE);
  }
}

/**
 * JSONB keeps keys by their length in bytes and then byte by byte. Most objects are small, and many
 * are in that order already.
 */
function inJsonbOrder(keys: string[]): string[] {
  if (keys.length < 2) return keys;
  const compare = NOT_ASCII.test(keys.join("")) ? compareBytes : compareAscii;
  for (let n = 1; n < keys.length; n++) {
    if (compare(keys[n - 1]!, keys[n]!) > 0) return keys.sort(compare);
  }
  return keys;
}

function compareAscii(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** UTF-16 has another order than UTF-8 once there are surrogates. */
function compareBytes(a: string, b: string): number {
  return Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function checkText(text: string, key: string | number, parent: Path | undefined, what: string): string {
  if (text.includes("\0")) throw notJson(parent, key, `${what} contains a NUL character`);
  if (!text.isWellFormed()) throw notJson(parent, key, `${what} contains half of a surrogate pair`);
  return text;
}

function tooDeep(container: object, parent: Path | undefined): string {
  for (let path = parent; path !== undefined; path = path.parent) {
    if (path.container === container) return "it contains itself";
  }
  return `it is nested deeper than ${MAX_JSON_DEPTH}`;
}

function notPlain(container: object): string {
  if (container instanceof Date) return "a Date is not JSON: use date.toISOString()";
  return "an instance of a class is not JSON: use a plain object";
}

function notJson(parent: Path | undefined, key: string | number, reason: string): NotJsonError {
  let pointer = "";
  for (let path = parent, step = key; path !== undefined; step = path.key, path = path.parent) {
    pointer = pointerTo(step) + pointer;
  }
  return new NotJsonError(pointer, reason);
}

/** One step of a JSON pointer. */
export function pointerTo(key: string | number): string {
  return `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
