import type { Logger } from "../domain/node.ts";
import { type ApiKey, ApiKeysError, findKey } from "./api-key.ts";
import { errorFields } from "./error-fields.ts";

/** Tells whose key a request carries. */
export interface KeyRing {
  /** Undefined: nobody's. Throws ApiKeysError, or ApiKeysUnavailableError. */
  find(key: string): Promise<ApiKey | undefined>;
}

/** No keys are known and where they are kept does not answer; the request may be sent again. */
export class ApiKeysUnavailableError extends Error {
  override readonly name = "ApiKeysUnavailableError";
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

/**
 * Keys are this old at most while they can be fetched: a key that was taken out is refused a minute
 * later.
 */
export const FRESH_MS = 60_000;
/** How long the last keys go on while they cannot be fetched. */
export const KEPT_MS = 60 * 60_000;
/** How long a try that had no answer counts, so that not every request waits for the next one. */
const PAUSE_MS = 10_000;

/** Keys that are always the same. */
export function fixedKeys(keys: readonly ApiKey[]): KeyRing {
  return { find: async (key) => findKey(key, keys) };
}

/**
 * Keys that are fetched at run time, by the first request and by the first one after each minute.
 */
export function keyRing({ read, now, logger }: KeyRingOptions): KeyRing {
  let known: { readonly keys: readonly ApiKey[]; readonly at: number } | undefined;
  let silentAt: number | undefined;
  let reading: Promise<readonly ApiKey[]> | undefined;

  // A clock that was set back makes what was fetched old, never young.
  const within = (at: number | undefined, ms: number) => at !== undefined && now() >= at && now() - at < ms;

  const fetchKeys = async (): Promise<readonly ApiKey[]> => {
    // As old as the question: the answer may say what was true before it came.
    const at = now();
    try {
      known = { keys: await read(), at };
      silentAt = undefined;
      return known.keys;
    } catch (thrown) {
      if (thrown instanceof ApiKeysError) known = undefined;
      else silentAt = now();
      if (thrown instanceof ApiKeysError) throw thrown;
      logger.warn("the API keys could not be fetched", { error: errorFields(thrown), lastKeys: known !== undefined });
      return lastKeys();
    }
  };

  const lastKeys = (): readonly ApiKey[] => {
    if (within(known?.at, KEPT_MS)) return known!.keys;
    throw new ApiKeysUnavailableError("The API keys could not be fetched. The next request tries again.");
  };

  const current = (): readonly ApiKey[] | Promise<readonly ApiKey[]> => {
    if (within(known?.at, FRESH_MS)) return known!.keys;
    if (within(silentAt, PAUSE_MS)) return lastKeys();
    return (reading ??= fetchKeys().finally(() => (reading = undefined)));
  };

  return { find: async (key) => findKey(key, await current()) };
}
