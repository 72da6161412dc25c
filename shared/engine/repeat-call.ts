import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError, OlderSchemaError } from "../domain/database-errors.ts";
import type { Logger } from "../domain/node.ts";
import type { Clock } from "./ports.ts";

/** What a caller of the database waits with; random is from 0 up to, not including, 1. */
export interface Caller {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

const tries = 4;
const tryMs = 4_000;
/** How long a caller waits for the database by default, all tries together. */
export const patienceMs = 10_000;

/**
 * Makes a call that is safe to repeat up to four times within 10 seconds, until the database
 * answers or definitely refuses.
 *
 * Waits 100 ms, doubled each time, with full jitter. Throws what the last try threw, or the last
 * unknown outcome: a try that was certainly not applied says nothing about an earlier one that may
 * have been, unless the database refused the call itself.
 */
export async function repeatCall<Answer>(
  caller: Caller,
  call: (options: { readonly timeoutMs: number }) => Promise<Answer>,
  deadlineMs: number = patienceMs,
): Promise<Answer> {
  const deadline = caller.clock.now() + deadlineMs;
  let unknown: DatabaseUnknownOutcomeError | undefined;
  for (let tried = 1; ; tried++) {
    const leftMs = deadline - caller.clock.now();
    try {
      return await call({ timeoutMs: Math.ceil(Math.max(1, Math.min(tryMs, leftMs))) });
    } catch (thrown) {
      if (!mayPass(thrown) && (unknown === undefined || !isMute(thrown))) throw thrown;
      const waitMs = caller.random() * 50 * 2 ** tried;
      if (thrown instanceof DatabaseUnknownOutcomeError) unknown = thrown;
      if (tried >= tries || caller.clock.now() + waitMs >= deadline) throw unknown ?? thrown;
      caller.logger.warn("the database did not answer for sure, asking again", { tried, error: thrown.message });
      await pause(caller, waitMs);
    }
  }
}

function mayPass(thrown: unknown): thrown is Error {
  if (thrown instanceof OlderSchemaError) return thrown.mayPass;
  return thrown instanceof DatabaseUnknownOutcomeError || thrown instanceof DatabaseBusyError;
}

/** A refusal that says nothing of earlier tries of the same call. */
function isMute(thrown: unknown): thrown is DatabaseRefusedError {
  return thrown instanceof DatabaseRefusedError && !thrown.tellsOfEarlierTries;
}

export function pause(caller: Caller, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void caller.clock.after(milliseconds, resolve));
}
