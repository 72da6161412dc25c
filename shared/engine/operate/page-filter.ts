import * as z from "zod";
import { pathPattern } from "../../domain/path.ts";
import { InvalidFilterError } from "../producer-errors.ts";
import { schemaIssues, sentences } from "../schema-issues.ts";

const limitRule = "give a whole number from 1 to 100";
export const cursorRule = "give the cursor of the page before";

const pathRule = 'give the path of a node, as in "renditions" or "renditions/00017/encode"';

/** Where a step stands. */
export const stepPath = z.string({ error: pathRule }).max(200, { error: pathRule }).regex(pathPattern, { error: pathRule });

/** The most entries of a page. */
export const pageLimit = z.int({ error: limitRule }).min(1, { error: limitRule }).max(100, { error: limitRule }).default(20);

/** What a list takes, checked. Throws InvalidFilterError, which names what is wrong. */
export function parseFilter<Filter extends z.ZodType>(filter: Filter, given: unknown): z.output<Filter> {
  const parsed = filter.safeParse(given, { error: sentences });
  if (parsed.success) return parsed.data;
  throw new InvalidFilterError(schemaIssues(parsed.error).map(({ pointer, message }) => ({ parameter: pointer.slice(1), message })));
}
