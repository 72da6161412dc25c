import * as z from "zod";
import { limitPattern, limitRule } from "../domain/limit.ts";
import { SearchMissingError, UnsearchableTextError, type FoundPage } from "../engine/operate/search-runs.ts";
import type { App } from "./app.ts";
import type { HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";
import { readQuery } from "./query.ts";

/** Other filters are refused here: what is found is ranked, and none of them is in the index. */
const Query = z.strictObject(
  {
    search: z.string().max(200, { error: "give at most 200 characters" }),
    limit: z.string().regex(limitPattern, { error: limitRule }).default("20").transform(Number),
    cursor: z.uuid({ error: "give the cursor of the page before" }).optional(),
  },
  { error: ({ code }) => (code === "unrecognized_keys" ? "search takes no other filter than limit and cursor" : undefined) },
);

/** Whether a list is asked for by a text. */
export function isSearch(event: HttpEvent): boolean {
  return new URLSearchParams(event.rawQueryString ?? "").has("search");
}

/** `GET /runs?search=…`. */
export function searchRuns(event: HttpEvent, app: App): Promise<FoundPage> {
  const { search: text, limit, cursor } = readQuery(event, Query);
  return app.control
    .search({ text, limit, ...(cursor && { before: cursor }) })
    .catch((thrown: unknown) => Promise.reject(problemOf(thrown) as Error));
}

function problemOf(thrown: unknown): unknown {
  if (thrown instanceof SearchMissingError) return new Problem("not-enabled", thrown.message);
  if (!(thrown instanceof UnsearchableTextError)) return thrown;
  return new Problem("invalid-query", "The query string is not as this route knows it.", {
    errors: [{ parameter: "search", message: thrown.message }],
  });
}
