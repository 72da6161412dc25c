import { checkJson, NotJsonError, type CheckOptions, type JsonObject } from "./json.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";

/** The most that a run's attributes may be, in bytes of JSON as the database writes it. */
export const MAX_ATTRIBUTE_BYTES = 2048;

/** Attributes of a run would be more than 2 KiB of JSON. */
export class AttributesTooLargeError extends Error {
  override readonly name = "AttributesTooLargeError";
  readonly bytes: number;

  constructor(bytes: number) {
    super(
      `Of this run ${tooManyBytes(bytes)}: keep in them what it is found by, and the rest in its input or an output; null takes a key away.`,
    );
    this.bytes = bytes;
  }
}

/** In the words of every refusal. */
export function tooManyBytes(bytes: number): string {
  return `the attributes are ${bytes} bytes of JSON as the database writes it, more than ${MAX_ATTRIBUTE_BYTES}`;
}

/**
 * A change of attributes as JSON carries it, frozen.
 *
 * Throws `NotJsonError` for what is no object of JSON.
 */
export function checkPatch(given: unknown, options?: CheckOptions): JsonObject {
  const patch = checkJson(given, options);
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) {
    throw new NotJsonError("", 'attributes are an object, as in { "customerId": "c-1", "tags": ["eu"] }');
  }
  return patch as JsonObject;
}

/**
 * Attributes with a change, as `baton.merge_attributes` makes them: key by key at the top level,
 * and null takes a key away.
 *
 * Throws `AttributesTooLargeError`.
 */
export function mergeAttributes(attributes: JsonObject, patch: JsonObject): JsonObject {
  const merged = checkPatch(Object.fromEntries(Object.entries({ ...attributes, ...patch }).filter(([, value]) => value !== null)));
  const bytes = jsonbBytes(merged);
  if (bytes > MAX_ATTRIBUTE_BYTES) throw new AttributesTooLargeError(bytes);
  return merged;
}

/**
 * Two changes of one attempt as one: where both name a key, the later holds. A null stays, since it
 * is for the database to take the key away.
 *
 * Throws `NotJsonError`, and `AttributesTooLargeError` where the changes alone are too many bytes.
 */
export function joinPatches(earlier: JsonObject, later: unknown): JsonObject {
  const joined = { ...earlier, ...checkPatch(later) };
  mergeAttributes({}, joined);
  return joined;
}
