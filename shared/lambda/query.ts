import * as z from "zod";
import { issue, schemaIssues, sentences } from "../engine/schema-issues.ts";
import type { HttpEvent } from "./http-event.ts";
import { Problem } from "./problem.ts";

const none = z.strictObject({});

/**
 * The query string by a schema of strings; an unknown parameter is refused, and one that is given
 * twice. Without a schema: no parameter at all.
 */
export function readQuery(event: HttpEvent): Readonly<Record<string, never>>;
export function readQuery<Query>(event: HttpEvent, schema: z.ZodType<Query>): Query;
export function readQuery(event: HttpEvent, schema: z.ZodType = none): unknown {
  const parsed = schema.safeParse(readTexts(event), { error: sentences });
  if (!parsed.success) throw invalid(schemaIssues(parsed.error).map(({ pointer, message }) => issue(pointer.slice(1), message)));
  return parsed.data;
}

/**
 * The parameters of the query string as they are; one that is given twice is refused, and so is
 * U+0000, which no text in Postgres has.
 */
export function readTexts(event: HttpEvent): Readonly<Record<string, string>> {
  const given = new URLSearchParams(event.rawQueryString ?? "");
  const names = [...given.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw invalid([issue(repeated, "give it once")]);
  const unstorable = names.find((name) => /\0/.test(given.get(name)!));
  if (unstorable !== undefined) throw invalid([issue(unstorable, "give text without U+0000")]);
  return Object.fromEntries(given);
}

function invalid(issues: readonly { pointer: string; message: string }[]): Problem {
  const errors = issues.map(({ pointer: parameter, message }) => ({ parameter, message }));
  return new Problem("invalid-query", "The query string is not as this route knows it.", { errors });
}
