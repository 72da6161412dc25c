import type { Logger } from "../domain/node.ts";
import { type ApiKey, ApiKeysError, findKey } from "./api-key.ts";
import { keptKeys } from "./kept-keys.ts";

/** Tells whose key a request carries. */
export interface KeyRing {
  /** Undefined: nobody's. Throws ApiKeysError, or KeysUnavailableError. */
  find(key: string): Promise<ApiKey | undefined>;
}

export interface KeyRingOptions {
  /**
   * Fetches the keys. It throws ApiKeysError for keys that are wrong, missing or kept from this
   * function, and anything else for silence.
   */
  readonly read: () => Promise<readonly ApiKey[]>;
  /** The time in milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** Keys that are always the same. */
export function fixedKeys(keys: readonly ApiKey[]): KeyRing {
  return { find: async (key) => findKey(key, keys) };
}

/** Keys that are fetched at run time; see `keptKeys`. */
export function keyRing(options: KeyRingOptions): KeyRing {
  const current = keptKeys({ ...options, what: "API keys", isRefusal: (thrown) => thrown instanceof ApiKeysError });
  return { find: async (key) => findKey(key, await current()) };
}
