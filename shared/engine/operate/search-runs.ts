import { DatabaseRefusedError } from "../../domain/database-errors.ts";
import { redacted, redactSecrets, type Redact } from "../../domain/redact.ts";
import type { SearchAnswer, SearchRequest } from "../../domain/run-protocol.ts";
import type { Caller } from "../ask.ts";
import { summary, type RunSummary } from "./control-runs.ts";
import { repeatCall } from "../repeat-call.ts";

/** What searching needs of the database; redact masks once more what an older version stored. */
export interface Searcher extends Caller {
  readonly runs: { searchRuns(request: SearchRequest, options: { readonly timeoutMs: number }): Promise<SearchAnswer> };
  readonly redact?: Redact;
}

/** The database was not migrated with search. */
export class SearchMissingError extends Error {
  override readonly name = "SearchMissingError";
  constructor() {
    super(
      "Search is not there in this database: make it as its owner, with pgbaton migrate --search, or npm run migrate -- --search in a clone of the repository.",
    );
  }
}

/** The text has nothing that an index could find. */
export class UnsearchableTextError extends Error {
  override readonly name = "UnsearchableTextError";
  constructor() {
    super("give at least three letters or digits in a row");
  }
}

/** A run that was found, with how well, and where: the first 300 characters of that text. */
export interface FoundSummary extends RunSummary {
  readonly score: number;
  readonly found: string;
}

/**
 * Those that say it best, of the newest `ranked` runs that say it, at most 1,000. Of these, what
 * does not fit into the limit comes on no page: cursor asks for older ones, behind all that were
 * ranked, of which the next 1,000 are ranked by themselves.
 */
export interface FoundPage {
  readonly runs: readonly FoundSummary[];
  readonly ranked: number;
  readonly cursor: string | null;
}

/**
 * Searches failures' messages and attributes.
 *
 * @throws SearchMissingError, UnsearchableTextError.
 */
export async function searchRuns(searcher: Searcher, request: SearchRequest): Promise<FoundPage> {
  const { redact = redactSecrets } = searcher;
  const answer = await repeatCall(searcher, (options) => searcher.runs.searchRuns(request, options)).catch((thrown: unknown) => {
    const sqlstate = thrown instanceof DatabaseRefusedError ? thrown.sqlstate : undefined;
    if (sqlstate === "BT060") throw new SearchMissingError();
    throw sqlstate === "BT061" ? new UnsearchableTextError() : thrown;
  });
  const runs = answer.runs.map((run) => ({ ...summary(run), score: run.score, found: redacted(run.found, redact) }));
  return { runs, ranked: answer.ranked, cursor: answer.next };
}
