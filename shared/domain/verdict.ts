import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError, OlderSchemaError } from "./database-errors.ts";

/** How often a call is made again. */
export interface Patience {
  /** Tries at most, whatever they ended in (default: no bound). */
  readonly tries?: number;
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
}

/** What the tries of one call have ended in so far. */
export interface Tally {
  readonly made: number;
  readonly busy: number;
  readonly missed: number;
  readonly unknown: number;
  /** When an outcome was first unknown, in clock time. */
  readonly unknownSince: number;
}

export const noTry: Tally = { made: 0, busy: 0, missed: 0, unknown: 0, unknownSince: Infinity };

/** The outcome of an earlier call, which this one asks for, is unknown already. */
export function unsureSince(now: number): Tally {
  return { ...noTry, unknown: 1, unknownSince: now };
}

/**
 * What a try that failed means for its call: make it again; a definitive no; beyond patience, with
 * an outcome that stays unknown; or an error that is not the database's.
 */
export type Verdict = "again" | "a no" | "give up" | "a bug";

/** With the tally that this try leaves behind. */
export interface Judged {
  readonly verdict: Verdict;
  readonly tally: Tally;
}

/** Until then, a deployment may be replacing the function that is missing. */
const missedTries = 5;

/**
 * Judges a try that threw, by what the tries before it ended in. This is the only place that does.
 *
 * A no that says nothing of earlier tries, of which one may have been applied, leaves the outcome
 * unknown. Busy tries that are too many are a no only where none of the tries may have been
 * applied.
 */
export function judge(thrown: unknown, before: Tally, patience: Patience, now: number): Judged {
  const judged = judgeAlone(thrown, { ...before, made: before.made + 1 }, patience, now);
  const isLast = judged.verdict === "again" && judged.tally.made >= (patience.tries ?? Infinity);
  return isLast ? { ...judged, verdict: "give up" } : judged;
}

function judgeAlone(thrown: unknown, tally: Tally, patience: Patience, now: number): Judged {
  if (thrown instanceof OlderSchemaError && thrown.mayPass && tally.missed + 1 < missedTries) {
    return afterBusy(thrown, { ...tally, missed: tally.missed + 1 }, patience);
  }
  if (thrown instanceof DatabaseRefusedError) {
    return tally.unknown === 0 || thrown.tellsOfEarlierTries ? { verdict: "a no", tally } : afterUnknown(tally, patience, now);
  }
  if (thrown instanceof DatabaseUnknownOutcomeError) return afterUnknown(tally, patience, now);
  return thrown instanceof DatabaseBusyError ? afterBusy(thrown, tally, patience) : { verdict: "a bug", tally };
}

function afterUnknown(before: Tally, { unknownMs = Infinity, unknownTries = 20 }: Patience, now: number): Judged {
  const tally = { ...before, unknown: before.unknown + 1, unknownSince: Math.min(before.unknownSince, now) };
  const isEnough = tally.unknown >= unknownTries && now - tally.unknownSince >= unknownMs;
  return { verdict: isEnough ? "give up" : "again", tally };
}

function afterBusy(thrown: DatabaseBusyError | OlderSchemaError, before: Tally, { busyTries = Infinity }: Patience): Judged {
  if (!isContention(thrown)) return { verdict: "again", tally: before };
  const tally = { ...before, busy: before.busy + 1 };
  return { verdict: tally.busy >= busyTries && tally.unknown === 0 ? "a no" : "again", tally };
}

/**
 * Deadlocks and timeouts, which the statements themselves may cause, and whatever else they may
 * have raised; a database that is away, or full when the engine writes, says nothing about them.
 */
function isContention({ sqlstate, rolledBack, where }: DatabaseBusyError | OlderSchemaError): boolean {
  return /^(40|55P03|57014)/.test(sqlstate ?? "") || (rolledBack && !/\badvance\(uuid,integer,jsonb\)/.test(where ?? ""));
}
