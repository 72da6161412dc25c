import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import type { Patience, Tally } from "../../domain/verdict.ts";
import { ask } from "../ask.ts";
import type { Poller } from "./poller.ts";

/** How a call ended for good: its answer, or the database's definitive no. */
export type Settled<Answer> = { readonly answer: Answer } | { readonly refused: DatabaseRefusedError };

/**
 * The database did not answer for sure: what was sent may or may not have been applied. outOfTime:
 * the invocation's time is nearly up; else this one call is beyond hope, and others may go on.
 */
export class UnsettledError extends Error {
  override readonly name = "UnsettledError";
  readonly outOfTime: boolean;
  constructor(cause: unknown, outOfTime = true) {
    super("The database did not answer in time: the lease expires, and others go on with its runs.", { cause });
    this.outOfTime = outOfTime;
  }
}

/** How long unknown outcomes of a lease's calls are asked again. */
export function unknownMsOf({ settings }: Poller): number {
  return 3 * settings.ttlMs;
}

/** Less of the invocation than this is too little for one more try. */
const lastTryMs = 1_000;
const longestPauseMs = 2_000;

/**
 * Makes the same call again until its outcome is known: an answer, or a definitive no.
 *
 * @throws UnsettledError when less than a second of the invocation is left, or an outcome stays
 * unknown beyond patience.
 */
export async function settle<Answer>(
  poller: Poller,
  call: () => Promise<Answer>,
  patience: Patience & { readonly tally?: Tally } = {},
): Promise<Settled<Answer>> {
  const asked = await ask(poller, call, { ...patience, longestPauseMs, mayWait: () => poller.remainingMs() >= lastTryMs });
  if ("answer" in asked) return asked;
  const { ended, thrown } = asked;
  if (ended === "a bug") throw thrown;
  if (ended !== "a no") throw new UnsettledError(thrown, ended === "no time");
  return { refused: thrown instanceof DatabaseRefusedError ? thrown : new DatabaseRefusedError(thrown.message, thrown) };
}
