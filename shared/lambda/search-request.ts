import * as z from "zod";
import { SearchMissingError, UnsearchableTextError, type FoundPage } from "../engine/search-runs.ts";
import { app } from "./app.ts";
import type { HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

/** Other filters are refused here: what is found is ranked, and none of them is in the index. */
const Query = z
  .object({
    search: z.string().max(200, { error: "give at most 200 characters" }),
    limit: z
      .string()
      .regex(/^([1-9]\d?|100)$/, { error: "give a whole number from 1 to 100" })
      .default("20")
      .transform(Number),
    cursor: z.uuid({ error: "give the cursor of the page before" }).optional(),
  })
  .catchall(z.undefined({ error: "search takes nothing beside it but limit and cursor" }));

/** Whether a list is asked for by a text. */
export function isSearch(event: HttpEvent): boolean {
  return new URLSearchParams(event.rawQueryString ?? "").has("search");
}

/** `GET /runs?search=…`. */
export function searchRuns(event: HttpEvent): Promise<FoundPage> {
  const { search: text, limit, cursor } = readQuery(event, Query);
  return app()
    .control.search({ text, limit, ...(cursor && { before: cursor }) })
    .catch((thrown: unknown) => Promise.reject(problemOf(thrown) as Error));
}

function problemOf(thrown: unknown): unknown {
  if (thrown instanceof SearchMissingError) return new Problem("not-enabled", thrown.message);
  if (!(thrown instanceof UnsearchableTextError)) return thrown;
  return new Problem("invalid-query", "The query string is not as this route knows it.", {
    errors: [{ parameter: "search", message: thrown.message }],
  });
}
