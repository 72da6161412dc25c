import { toMilliseconds, type Duration } from "../domain/duration.ts";
import type { RunView } from "./describe-run.ts";
import { findRun, type Reader } from "./find-run.ts";
import { RunNotFoundError, WaitTimeoutError } from "./producer-errors.ts";
import { patienceMs, pause } from "./repeat-call.ts";

const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** Looks at a run every 50 ms, then less often, down to once a second, until it is done, failed or cancelled. */
export async function waitForRun(reader: Reader, id: string, timeout: Duration): Promise<RunView> {
  const deadline = reader.clock.now() + toMilliseconds(timeout);
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const run = await findRun(reader, id, Math.max(firstPauseMs, Math.min(patienceMs, deadline - reader.clock.now())));
    if (run === null) throw new RunNotFoundError(id);
    if (run.finishedAt !== null) return run;
    const leftMs = deadline - reader.clock.now();
    if (leftMs <= 0) throw new WaitTimeoutError(id, run.status, timeout);
    await pause(reader, Math.min(pauseMs, leftMs));
  }
}
