import type * as z from "zod";

/**
 * Where a value does not fit its schema: a JSON pointer (RFC 6901) and a sentence, neither of which
 * repeats the value.
 */
export interface SchemaIssue {
  readonly pointer: string;
  readonly message: string;
}

/** How many issues are reported at most. */
export const maxIssues = 20;
const maxPointer = 300;
const maxMessage = 300;

/**
 * The issues of a zod error as pointers below `prefix`, an unknown key with its own; cut to 20 and
 * to 300 characters each.
 */
export function schemaIssues(error: z.core.$ZodError, prefix = ""): SchemaIssue[] {
  return error.issues
    .slice(0, maxIssues)
    .flatMap((issue) => issueAt(issue, prefix))
    .slice(0, maxIssues);
}

/** A sentence about one place; a key of the caller's may be long, an answer may not. */
export function issue(pointer: string, message: string): SchemaIssue {
  return { pointer: cut(pointer, maxPointer), message: cut(message, maxMessage) };
}

/**
 * What is said where a schema has no words of its own: give it to each parse whose issues a caller
 * reads, as `schema.safeParse(value, { error: sentences })`.
 */
export const sentences: z.core.$ZodErrorMap = ({ code, expected }) => {
  if (code === "unrecognized_keys") return "this key is not known here";
  return code === "invalid_type" && expected === "nonoptional" ? "give a value" : undefined;
};

function issueAt(found: z.core.$ZodIssue, prefix: string): SchemaIssue[] {
  const pointer = prefix + found.path.map((key) => pointerTo(String(key))).join("");
  if (found.code !== "unrecognized_keys") return [issue(pointer, found.message)];
  return found.keys.slice(0, maxIssues).map((key) => issue(pointer + pointerTo(key), found.message));
}

function pointerTo(key: string): string {
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
