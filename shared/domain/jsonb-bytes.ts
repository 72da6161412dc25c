import type { Json, JsonObject } from "./json.ts";

// What a string of JSON writes as more than itself.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const ESCAPED = /["\\\u0000-\u001f]/;

/**
 * How many bytes Postgres writes for a value stored as JSONB, which is what travels: numbers are written out (1e308 has 309 digits),
 * and a space follows each comma and colon. Never less than the JSON text of JavaScript.
 */
export function jsonbBytes(value: Json): number {
  switch (typeof value) {
    case "string":
      return textBytes(value);
    case "number":
      return numberBytes(value);
    case "boolean":
      return value ? 4 : 5;
    default:
      return value === null ? 4 : containerBytes(value);
  }
}

function containerBytes(container: readonly Json[] | JsonObject): number {
  let bytes = 2;
  if (Array.isArray(container)) {
    for (const item of container as readonly Json[]) bytes += jsonbBytes(item) + 2;
  } else {
    for (const key of Object.keys(container)) {
      const item = (container as JsonObject)[key];
      if (item !== undefined) bytes += textBytes(key) + jsonbBytes(item) + 4;
    }
  }
  // No comma after the last.
  return bytes === 2 ? 2 : bytes - 2;
}

function textBytes(text: string): number {
  return ESCAPED.test(text) ? Buffer.byteLength(JSON.stringify(text)) : Buffer.byteLength(text) + 2;
}

/** JavaScript writes an exponent from 1e21 on and below 1e-6; Postgres writes the zeros. */
function numberBytes(value: number): number {
  const text = String(value);
  const place = text.indexOf("e");
  if (place === -1) return text.length;
  const exponent = Number(text.slice(place + 1));
  const digits = text.slice(0, place).replace(/[-.]/g, "").length;
  return (value < 0 ? 1 : 0) + (exponent < 0 ? 1 - exponent + digits : exponent + 1);
}
