import type { Json, JsonObject } from "./json.ts";

/**
 * How many bytes Postgres writes for a value stored as JSONB, which is what travels: JavaScript's
 * own text, and what Postgres adds to it. Numbers are written out (1e308 has 309 digits), and a
 * space follows each comma and colon.
 */
export function jsonbBytes(value: Json): number {
  // One call for all of it: to look at each string by itself takes twice as long.
  return Buffer.byteLength(JSON.stringify(value)) + added(value);
}

function added(value: Json): number {
  if (typeof value === "number") return addedToNumber(value);
  if (typeof value !== "object" || value === null) return 0;
  return Array.isArray(value) ? addedToArray(value as readonly Json[]) : addedToObject(value as JsonObject);
}

function addedToArray(items: readonly Json[]): number {
  let bytes = Math.max(items.length - 1, 0);
  for (const item of items) bytes += added(item);
  return bytes;
}

/** A colon for each property, and a comma for each but the last. */
function addedToObject(object: JsonObject): number {
  let bytes = 0;
  for (const key of Object.keys(object)) {
    const item = object[key];
    if (item !== undefined) bytes += added(item) + 2;
  }
  return Math.max(bytes - 1, 0);
}

/** JavaScript writes an exponent from 1e21 on and below 1e-6; Postgres writes the zeros. */
function addedToNumber(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-6 && size < 1e21)) return 0;
  const text = String(size);
  const [mantissa = "", exponent = ""] = text.split("e");
  const digits = mantissa.replace(".", "").length;
  return (Number(exponent) < 0 ? 1 - Number(exponent) + digits : Number(exponent) + 1) - text.length;
}
