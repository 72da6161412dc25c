import { NonRetryableError } from "../../shared/index.ts";

/**
 * What a parser makes of a text. Whatever it throws, such as a stack that overflows, it would throw
 * at the next attempt too: a `NonRetryableError` says so.
 */
export function parsing<Result>(language: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (cause) {
    throw new NonRetryableError(`The document cannot be parsed as ${language}: it may be nested too deep. Give a plainer copy of it.`, {
      cause,
    });
  }
}
