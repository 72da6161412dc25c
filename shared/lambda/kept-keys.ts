import type { Logger } from "../domain/node.ts";
import { errorFields } from "./error-fields.ts";

/** No keys are known and where they are kept does not answer; the request may be sent again. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
  /** Such as `API keys`. */
  readonly what: string;

  constructor(what: string) {
    super(`The ${what} could not be fetched. The next request tries again.`);
    this.what = what;
  }
}

/** How keys are fetched that are kept elsewhere. */
export interface KeptKeysOptions<Keys> {
  /** What they are called, such as `API keys`. */
  readonly what: string;
  /** Fetches them. It throws a refusal for wrong ones, and anything else for silence. */
  readonly read: () => Promise<Keys>;
  /** Whether an error says that the keys are wrong, missing or kept from this function. */
  readonly isRefusal: (thrown: unknown) => boolean;
  /** The time in milliseconds. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Keys are this old at most while they can be fetched: a key that was taken out is refused a minute
 * later.
 */
const FRESH_MS = 60_000;
/** How long the last keys go on while they cannot be fetched. */
const KEPT_MS = 60 * 60_000;
/** How long a try that had no answer counts, so that not every request waits for the next one. */
const PAUSE_MS = 10_000;

/**
 * Keys that are fetched at run time, by the first request and by the first one after each minute.
 * What it returns throws what `read` refuses with, or KeysUnavailableError; it may be asked for
 * keys that are younger than that, in milliseconds.
 */
export function keptKeys<Keys>({ what, read, isRefusal, now, logger }: KeptKeysOptions<Keys>): (youngerThanMs?: number) => Promise<Keys> {
  let known: { readonly keys: Keys; readonly at: number } | undefined;
  let silentAt: number | undefined;
  let reading: Promise<Keys> | undefined;

  // A clock that was set back makes what was fetched old, never young.
  const within = (at: number | undefined, ms: number) => at !== undefined && now() >= at && now() - at < ms;

  const fetchKeys = async (): Promise<Keys> => {
    // As old as the question: the answer may say what was true before it came.
    const at = now();
    try {
      known = { keys: await read(), at };
      silentAt = undefined;
      return known.keys;
    } catch (thrown) {
      if (isRefusal(thrown)) known = undefined;
      else silentAt = now();
      if (isRefusal(thrown)) throw thrown;
      logger.warn(`the ${what} could not be fetched`, { error: errorFields(thrown), lastKeys: known !== undefined });
      return lastKeys();
    }
  };

  const lastKeys = (): Keys => {
    if (within(known?.at, KEPT_MS)) return known!.keys;
    throw new KeysUnavailableError(what);
  };

  return async (youngerThanMs = FRESH_MS) => {
    if (within(known?.at, youngerThanMs)) return known!.keys;
    if (within(silentAt, PAUSE_MS)) return lastKeys();
    return (reading ??= fetchKeys().finally(() => (reading = undefined)));
  };
}
