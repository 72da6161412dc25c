import { createHash } from "node:crypto";

/**
 * SHA-256, in hex, of a value as JSON with sorted keys: the same for two bodies exactly when they
 * say the same.
 */
export function canonicalHash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value, sortKeys)).digest("hex");
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
