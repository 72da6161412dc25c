import { AttributesTooLargeError, checkPatch, mergeAttributes, tooManyBytes } from "../../domain/attributes.ts";
import { now } from "../../domain/author.ts";
import { describeError } from "../../domain/errors.ts";
import { NotJsonError, type Json, type JsonObject } from "../../domain/json.ts";
import { issue, type SchemaIssue } from "../schema-issues.ts";

/** What says which attributes a run has: the workflow, from the run's parsed input. */
export interface AttributeSource {
  attributes?(this: void, state: { readonly input: Json }): object;
}

type Report = (found: readonly SchemaIssue[]) => void;

/**
 * The attributes of a run to be enqueued: the workflow's own, and over them, key by key, those that
 * it is given. Undefined where there are none, or where something is wrong, which is reported.
 */
export function draftAttributes(
  source: AttributeSource,
  input: Json,
  given: JsonObject | undefined,
  report: Report,
): JsonObject | undefined {
  if (source.attributes === undefined && given === undefined) return undefined;
  const own = ownAttributes(source, input, report);
  if (own === undefined) return undefined;
  try {
    const merged = mergeAttributes(own, given ?? {});
    return Object.keys(merged).length === 0 ? undefined : merged;
  } catch (thrown) {
    if (!(thrown instanceof AttributesTooLargeError)) throw thrown;
    report([issue("/attributes", tooManyBytes(thrown.bytes))]);
    return undefined;
  }
}

/** What somebody gives one run, as JSON carries it. */
export function checkGiven(given: unknown, report: Report): JsonObject | undefined {
  if (given === undefined) return undefined;
  try {
    return checkPatch(given, { refuseMinusZero: true });
  } catch (thrown) {
    if (!(thrown instanceof NotJsonError)) throw thrown;
    report([issue(`/attributes${thrown.pointer}`, thrown.reason)]);
    return undefined;
  }
}

/** The function is an author's: whatever it does is said of it, and of nobody's attributes. */
function ownAttributes({ attributes }: AttributeSource, input: Json, report: Report): JsonObject | undefined {
  try {
    return attributes === undefined ? {} : checkPatch(now(attributes({ input }), "it"));
  } catch (thrown) {
    const notJson = thrown instanceof NotJsonError;
    const { name, message } = describeError(thrown);
    const pointer = notJson ? `/attributes${thrown.pointer}` : "/attributes";
    const what = notJson ? `returned something that cannot be stored: ${thrown.reason}` : `threw ${name}: ${message}`;
    report([issue(pointer, `the workflow's function "attributes" ${what}`)]);
    return undefined;
  }
}
