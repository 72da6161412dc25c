import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../../shared/domain/database-errors.ts";
import { type Api, ApiError } from "./api.ts";
import { inOneLine } from "./one-line.ts";

/** What the service or the database may say, and no mistake of ours. */
const ANSWERS = [ApiError, DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError];
const UNFINISHED = ["running", "ready", "waiting", "blocked"];

interface Follower {
  followOn(id: string): Promise<void>;
}

/**
 * Says which runs were left unfinished. They go on whether they are shown or not, so no answer of
 * the service stops the start.
 */
export async function showUnfinished(api: Pick<Api, "runs">, follower: Follower, say: (line: string) => void): Promise<void> {
  const unseen = (what: string) => (error: unknown) => {
    if (!ANSWERS.some((answer) => error instanceof answer)) throw error;
    say(`Not shown ${what}: ${inOneLine((error as Error).message)}`);
    return [];
  };
  const runs = (await Promise.all(UNFINISHED.map((status) => api.runs(status).catch(unseen(`${status} runs`))))).flat();
  if (runs.length > 0) say(headlineOf(runs));
  for (const { id, workflow, status } of runs) {
    say(`          ${id}  ${workflow}  ${status}`);
    await follower.followOn(id).catch(unseen(id));
  }
}

/** A run that waits may be due in a second or in a year, so nothing is promised of it. */
function headlineOf(runs: readonly { readonly status: string }[]): string {
  const due = runs.filter(({ status }) => status === "running" || status === "ready").length;
  const found = `Found ${runs.length} unfinished ${runs.length === 1 ? "run" : "runs"}, `;
  if (due === runs.length) return `${found}to be continued within 40 s:`;
  return due === 0 ? `${found}none of them due now:` : `${found}${due} of them to be continued within 40 s:`;
}
