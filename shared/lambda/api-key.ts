import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod";

/** What the holder of a key may do: `docs/api.md` has the routes of each. */
export type KeyRole = "producer" | "reader" | "operator";

/** An API key as the functions know it: whose it is and what it may do, never the key itself. */
export interface ApiKey {
  /** Stands in the log; two keys may share it while one replaces the other. */
  readonly name: string;
  readonly role: KeyRole;
  /** SHA-256 of the key. */
  readonly digest: Buffer;
}

/**
 * A list of keys is not what it should be; the message says where, and nothing of what stands
 * there.
 */
export class ApiKeysError extends Error {
  override readonly name = "ApiKeysError";
}

/** SHA-256 in hex. */
export const sha256 = /^[0-9a-f]{64}$/i;

const Key = z.strictObject({
  name: z.string({ error: "give the key a name" }).regex(/^[\w.-]{1,64}$/, "take 1 to 64 letters, digits, dots, dashes or underscores"),
  role: z.enum(["producer", "reader", "operator"], { error: "it takes producer, reader or operator" }),
  digest: z
    .string({ error: "give the SHA-256 digest of the key in hex" })
    .regex(sha256, "give the SHA-256 digest of the key in hex")
    .transform((hex) => Buffer.from(hex, "hex")),
});

const Keys = z
  .array(Key, { error: 'give a list such as [{"name":"shop","role":"producer","digest":"…"}]' })
  .refine((keys) => new Set(keys.map(({ digest }) => digest.toString("hex"))).size === keys.length, "a digest stands there twice");

/**
 * Reads a list of keys from JSON: `[{ "name": "shop", "role": "producer", "digest": "<SHA-256 in
 * hex>" }]`.
 *
 * @throws ApiKeysError
 */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const parsed = Keys.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data;
  throw new ApiKeysError(
    parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`)).join("; "),
  );
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiKeysError("it is not JSON");
  }
}

export function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/**
 * Finds whose key it is. Compares with every digest, whichever matches, so that the time taken says
 * nothing.
 */
export function findKey(key: string, keys: readonly ApiKey[]): ApiKey | undefined {
  const digest = digestOf(key);
  return keys.reduce<ApiKey | undefined>((found, each) => (timingSafeEqual(digest, each.digest) ? each : found), undefined);
}
