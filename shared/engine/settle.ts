import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError, OlderSchemaError } from "../domain/database-errors.ts";
import type { Poller } from "./poller.ts";

/** How a call ended for good: its answer, or the database's definitive no. */
export type Settled<Answer> = { readonly answer: Answer } | { readonly refused: DatabaseRefusedError };

/** The invocation's time ran out before the database answered: what was sent may or may not have been applied. */
export class UnsettledError extends Error {
  override readonly name = "UnsettledError";
  constructor(cause: unknown) {
    super("the database did not answer in time; the lease expires and others go on with its runs", { cause });
  }
}

const missedTries = 5;

/**
 * Makes the same call again until its outcome is known: an answer, or a definitive no.
 *
 * A function that is missing is asked for five times, since a deployment may just be replacing it; then that is a no.
 * Waits 50 ms, doubled each time up to 2 s, with full jitter. busyTries bounds the tries that ended in a deadlock or a timeout of the server
 * (default: no bound); after them, unless one of the others may have been applied, the last one counts as a no.
 *
 * @throws UnsettledError when less than a second of the invocation is left.
 */
export async function settle<Answer>(poller: Poller, call: () => Promise<Answer>, busyTries = Infinity): Promise<Settled<Answer>> {
  for (let tried = 1, busy = 0, missed = 0, unknown = false; ; tried++) {
    try {
      return { answer: await call() };
    } catch (thrown) {
      const mayPass = thrown instanceof OlderSchemaError && thrown.mayPass && ++missed < missedTries;
      if (thrown instanceof DatabaseRefusedError && !mayPass) return { refused: thrown };
      if (thrown instanceof DatabaseUnknownOutcomeError) unknown = true;
      else if (!(thrown instanceof DatabaseBusyError || mayPass)) throw thrown;
      else if (isContention(thrown) && ++busy >= busyTries && !unknown)
        return { refused: new DatabaseRefusedError(thrown.message, thrown) };
      if (poller.remainingMs() < 1_000) throw new UnsettledError(thrown);
      poller.logger.warn("the database did not answer for sure, asking again", { tried, error: thrown.message });
      await pause(poller, poller.random() * Math.min(50 * 2 ** tried, 2_000));
    }
  }
}

/** Deadlocks and timeouts, which the statements themselves may cause; a database that is away or full says nothing about them. */
function isContention({ sqlstate }: DatabaseBusyError | OlderSchemaError): boolean {
  return /^(40|55P03|57014)/.test(sqlstate ?? "");
}

/** Waits without a statement. */
export function pause(poller: Poller, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void poller.clock.after(milliseconds, resolve));
}
