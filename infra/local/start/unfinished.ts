import { DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError } from "../../../shared/domain/database-errors.ts";
import { type Api, ApiError } from "./api.ts";
import { inOneLine } from "./one-line.ts";

/** What the service or the database may say, and no mistake of ours. */
const ANSWERS = [ApiError, DatabaseBusyError, DatabaseRefusedError, DatabaseUnknownOutcomeError];
/** When runs of each status go on; a lease that nobody works any more lasts 40 s at most. */
const UNFINISHED = {
  running: "to be continued within 40 s",
  ready: "to be continued within 40 s",
  waiting: "to be continued when due",
  blocked: "to be continued once their workflow is known here",
};

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
  for (const [status, when] of Object.entries(UNFINISHED)) {
    const runs = await api.runs(status).catch(unseen(`${status} runs`));
    if (runs.length > 0) say(`Found ${countOf(runs.length)} ${status} ${runs.length === 1 ? "run" : "runs"}, ${when}:`);
    for (const { id, workflow } of runs) {
      say(`          ${id}  ${workflow}`);
      await follower.followOn(id).catch(unseen(id));
    }
  }
}

/** A list has no more than 100. */
function countOf(runs: number): string {
  return runs < 100 ? String(runs) : "100 or more";
}
