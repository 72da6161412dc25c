import { DatabaseBusyError, DatabaseUnknownOutcomeError } from "../../domain/database-errors.ts";
import { toMilliseconds, type Duration } from "../../domain/duration.ts";
import type { RunFacts } from "../../domain/run-protocol.ts";
import type { RunView } from "./describe-run.ts";
import { findFacts, viewOf, type Reader } from "./find-run.ts";
import { RunNotFoundError, WaitTimeoutError } from "../producer-errors.ts";
import { pause } from "../ask.ts";
import { patienceMs } from "../repeat-call.ts";
import { utc } from "./run-format.ts";

const firstPauseMs = 50;
/** While a poller may have the run: the database is awake then anyway. */
const busyPauseMs = 1_000;
/** While the run waits for code that knows it, or for a signal, which may take days. */
const anytimePauseMs = 60_000;
/**
 * How late a cancel or redrive is noticed at most while the run waits for its time; a sleeping
 * database sleeps on until then.
 */
const longestPauseMs = 3_600_000;

/**
 * Looks at a run until it is done, failed or cancelled: every 50 ms at first, then less often, down
 * to once a second. While it sleeps or waits for a retry or its start it is left alone until that
 * time, or for an hour; while it is blocked or waits for a signal, for up to a minute.
 */
export async function waitForRun(reader: Reader, id: string, timeout: Duration): Promise<RunView> {
  const deadline = reader.clock.now() + toMilliseconds(timeout);
  let lastStatus: string | undefined;
  let pauseMs = firstPauseMs;
  for (;;) {
    const facts = await look(reader, id, deadline - reader.clock.now());
    if (facts === null) throw new RunNotFoundError(id);
    if (facts !== undefined && facts.finished_at !== null) return viewOf(reader, facts);
    if (facts?.status !== lastStatus) pauseMs = firstPauseMs;
    lastStatus = facts?.status ?? lastStatus;
    const leftMs = deadline - reader.clock.now();
    if (leftMs <= 0) throw new WaitTimeoutError(id, lastStatus ?? "unknown", timeout);
    await pause(reader, Math.min(leftMs, facts?.status === "waiting" ? untilDue(facts, pauseMs) : pauseMs));
    pauseMs = Math.min(pauseMs * 1.5, facts?.status === "blocked" ? anytimePauseMs : busyPauseMs);
  }
}

/**
 * Undefined where nothing was heard because the caller's own time was too short to ask as long as
 * others do.
 */
async function look(reader: Reader, id: string, leftMs: number): Promise<RunFacts | null | undefined> {
  try {
    return await findFacts(reader, id, Math.max(firstPauseMs, Math.min(patienceMs, leftMs)));
  } catch (thrown) {
    const isSilent = thrown instanceof DatabaseUnknownOutcomeError || thrown instanceof DatabaseBusyError;
    if (isSilent && leftMs < patienceMs) return undefined;
    throw thrown;
  }
}

/** At least pauseMs, since a run that is due at this very moment is not begun yet. */
function untilDue({ run_at, moment, awaits }: RunFacts, pauseMs: number): number {
  const dueMs = run_at === null ? 0 : Date.parse(utc(run_at)) - Date.parse(utc(moment));
  const mayGoOnBefore = awaits != null && awaits.length > 0;
  return Math.min(Math.max(dueMs, pauseMs), mayGoOnBefore ? anytimePauseMs : longestPauseMs);
}
