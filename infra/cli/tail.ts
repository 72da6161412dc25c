import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../../shared/db/database.ts";
import { createOperator, type RunView } from "../../shared/operator.ts";
import { toMilliseconds, type Duration } from "../../shared/domain/duration.ts";
import { linesOf } from "../local/start/run-follower.ts";
import { type DatabaseOptions, openDatabase, placeOf, print, printJson, tell, urlOf } from "./context.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { HiddenSteps } from "./hidden-steps.ts";
import { quiet } from "./quiet.ts";

/** How often it looks. */
const EVERY_MS = 500;

/** The flags of what follows a run. */
export interface TailFlags extends DatabaseOptions {
  /** In milliseconds; without one it follows as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly json?: boolean | undefined;
}

/**
 * `runs tail`: a line for each attempt as it ends; ends with the run, with 6 where it is not done,
 * or with 124 when the time is over.
 */
export async function tailRun(id: string, { timeout, ...flags }: TailFlags & { readonly timeout?: string }): Promise<void> {
  const timeoutMs = timeout === undefined ? undefined : toMilliseconds(timeout as Duration);
  await using database = openDatabase(flags);
  await followRun(database, id, { ...flags, timeoutMs });
}

/**
 * Follows a run to its end. Throws CommandError: not found, timed out, or ended otherwise than
 * done.
 */
export async function followRun(database: Database, id: string, flags: TailFlags): Promise<void> {
  const operator = createOperator({ database, logger: quiet });
  const { timeoutMs = Infinity } = flags;
  const hidden = new HiddenSteps(operator, id);
  const printed = new Set<string>();
  for (const from = performance.now(); ;) {
    const run = await operator.get(id);
    if (run === null) throw new CommandError(EXIT.notFound, `No run of ${placeOf(urlOf(flags))} has the id ${id}.`);
    for (const line of linesOf(run, await hidden.below(run.steps))) {
      if (!printed.has(line)) show(line, flags);
      printed.add(line);
    }
    if (run.finishedAt !== null) return finish(run, flags);
    if (performance.now() - from >= timeoutMs)
      throw new CommandError(EXIT.timedOut, `The run ${id} is ${run.status} and goes on; look again with runs tail ${id}.`);
    await pause(Math.min(EVERY_MS, timeoutMs));
  }
}

function show(line: string, { json }: TailFlags): void {
  if (json) tell(line);
  else print(line);
}

function finish(run: RunView, { json }: TailFlags): void {
  if (json) printJson(run);
  if (run.status !== "done") throw new CommandError(EXIT.runFailed, `The run ${run.id} is ${run.status}.`);
}
