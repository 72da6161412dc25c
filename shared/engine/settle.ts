import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError, OlderSchemaError } from "../domain/database-errors.ts";
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
    super("the database did not answer in time; the lease expires and others go on with its runs", { cause });
    this.outOfTime = outOfTime;
  }
}

/** How often a call is made again. */
export interface Patience {
  /**
   * Tries that ended in a deadlock or a timeout of the server at most (default: no bound); then the
   * last one is a no.
   */
  readonly busyTries?: number;
  /** How long unknown outcomes are asked again, in milliseconds (default: no bound). */
  readonly unknownMs?: number;
  /**
   * And how often at least (default 20). A database that is away for minutes gives fewer, at 15
   * seconds each: no fault of the call.
   */
  readonly unknownTries?: number;
  /** The outcome of an earlier call, which this one asks for, is unknown already (default: no). */
  readonly isUnsure?: boolean;
}

/** How long unknown outcomes of a lease's calls are asked again. */
export function unknownMsOf({ settings }: Poller): number {
  return 3 * settings.ttlMs;
}

const missedTries = 5;

/**
 * Makes the same call again until its outcome is known: an answer, or a definitive no.
 *
 * A function that is missing is asked for five times, since a deployment may just be replacing it;
 * then that is a no.
 * A no that says nothing of earlier tries, of which one may have been applied, leaves the outcome
 * unknown.
 * Waits 50 ms, doubled each time up to 2 s, with full jitter. Busy tries that are too many are a no
 * only where none of the tries may have been applied.
 *
 * @throws UnsettledError when less than a second of the invocation is left, or an outcome stays
 * unknown beyond patience.
 */
export async function settle<Answer>(poller: Poller, call: () => Promise<Answer>, patience: Patience = {}): Promise<Settled<Answer>> {
  const { busyTries = Infinity, unknownMs = Infinity, unknownTries = 20, isUnsure = false } = patience;
  let unknownSince = isUnsure ? poller.clock.now() : Infinity;
  for (let tried = 1, busy = 0, missed = 0, unknown = isUnsure ? 1 : 0; ; tried++) {
    try {
      return { answer: await call() };
    } catch (thrown) {
      const mayPass = thrown instanceof OlderSchemaError && thrown.mayPass && ++missed < missedTries;
      const refused = thrown instanceof DatabaseRefusedError && !mayPass;
      if (refused && (unknown === 0 || thrown.tellsOfEarlierTries)) return { refused: thrown };
      if (refused || thrown instanceof DatabaseUnknownOutcomeError) {
        unknownSince = Math.min(unknownSince, poller.clock.now());
        if (++unknown >= unknownTries && poller.clock.now() - unknownSince >= unknownMs) throw new UnsettledError(thrown, false);
      } else if (!(thrown instanceof DatabaseBusyError || mayPass)) throw thrown;
      else if (isContention(thrown) && ++busy >= busyTries && unknown === 0)
        return { refused: new DatabaseRefusedError(thrown.message, thrown) };
      if (poller.remainingMs() < 1_000) throw new UnsettledError(thrown);
      poller.logger.warn("the database did not answer for sure, asking again", { tried, error: thrown.message });
      await pause(poller, poller.random() * Math.min(50 * 2 ** tried, 2_000));
    }
  }
}

/**
 * Deadlocks and timeouts, which the statements themselves may cause, and whatever else they may
 * have raised; a database that is away, or full when the engine writes, says nothing about them.
 */
function isContention({ sqlstate, rolledBack, where }: DatabaseBusyError | OlderSchemaError): boolean {
  return /^(40|55P03|57014)/.test(sqlstate ?? "") || (rolledBack && !/\badvance\(uuid,integer,jsonb\)/.test(where ?? ""));
}

/** Waits without a statement. */
export function pause(poller: Poller, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void poller.clock.after(milliseconds, resolve));
}
