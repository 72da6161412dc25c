import { DatabaseUnknownOutcomeError } from "../domain/database-errors.ts";
import type { Logger } from "../domain/node.ts";
import { judge, noTry, type Patience, type Tally, type Verdict } from "../domain/verdict.ts";
import type { Clock } from "./ports.ts";

/** What a caller of the database waits with; random is from 0 up to, not including, 1. */
export interface Caller {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** For how long a call is made again, and how it waits. */
export interface Policy extends Patience {
  /** Whether there is time to wait this long and to try once more. */
  readonly mayWait: (milliseconds: number) => boolean;
  /** The longest pause between two tries (default: no bound). */
  readonly longestPauseMs?: number;
  /** What is known before the first try (default: nothing). */
  readonly tally?: Tally;
}

/** How a call ended without an answer. */
export interface Unanswered {
  /** "no time": it would have been made again. */
  readonly ended: Exclude<Verdict, "again"> | "no time";
  /** What the last try threw. */
  readonly thrown: Error;
  /** The last unknown outcome among the tries: one of them may have been applied. */
  readonly unknown: DatabaseUnknownOutcomeError | undefined;
}

/**
 * Makes a call that is safe to repeat until the database answers, definitely refuses, or patience
 * or time are over.
 *
 * Waits 100 ms, doubled each time, with full jitter.
 */
export async function ask<Answer>(
  caller: Caller,
  call: () => Promise<Answer>,
  policy: Policy,
): Promise<{ readonly answer: Answer } | Unanswered> {
  let tally = policy.tally ?? noTry;
  let unknown: DatabaseUnknownOutcomeError | undefined;
  for (;;) {
    try {
      return { answer: await call() };
    } catch (error) {
      const thrown = error as Error;
      const judged = judge(thrown, tally, policy, caller.clock.now());
      tally = judged.tally;
      if (thrown instanceof DatabaseUnknownOutcomeError) unknown = thrown;
      if (judged.verdict !== "again") return { ended: judged.verdict, thrown, unknown };
      const waitMs = caller.random() * Math.min(50 * 2 ** tally.made, policy.longestPauseMs ?? Infinity);
      if (!policy.mayWait(waitMs)) return { ended: "no time", thrown, unknown };
      caller.logger.warn("the database did not answer for sure, asking again", { tried: tally.made, error: thrown.message });
      await pause(caller, waitMs);
    }
  }
}

/** Waits without a statement. */
export function pause({ clock }: Pick<Caller, "clock">, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}
