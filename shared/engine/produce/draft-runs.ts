import { namePattern, nameRule } from "../../domain/name.ts";
import { checkJson, NotJsonError, type CheckOptions, type Json, type JsonObject } from "../../domain/json.ts";
import { jsonbBytes } from "../../domain/jsonb-bytes.ts";
import { isVersion, versionRule } from "../../domain/version.ts";
import type { NewRun } from "../../domain/protocol.ts";
import type { AnyWorkflow, JsonSchema } from "../../domain/workflow-types.ts";
import { canonicalHash } from "./canonical-hash.ts";
import { checkGiven, draftAttributes, type AttributeSource } from "./draft-attributes.ts";
import { InputTooLargeError, InvalidRunError, type RunIssue } from "../producer-errors.ts";
import { runSettings, toColumns, tooFarAhead, type RunRequest } from "./run-settings.ts";
import { issue, maxIssues, schemaIssues, type SchemaIssue, sentences } from "../schema-issues.ts";

/**
 * The largest input of a run, and inputs and attributes of all runs of one call together, in bytes
 * of JSON as the database writes it. A call may become twice as long inside the JSON of a request
 * to Neon, which takes 10 MiB.
 */
export const maxInputBytes = 256 * 1024;
export const maxCallBytes = 4 * 1024 * 1024;
/** How many runs one call may enqueue. */
export const maxRuns = 1_000;

/**
 * What runs are made of: a workflow, or its name and version alone; then the input is not parsed by
 * a schema.
 */
export interface RunTarget extends AttributeSource {
  readonly name: string;
  readonly version: number;
  readonly input?: JsonSchema | undefined;
  /** Where its runs begin, as far as it is known. */
  readonly on?: string | undefined;
  readonly nodes?: AnyWorkflow["nodes"] | undefined;
}

/** A run that is ready to be stored but has no id yet. */
export type RunDraft = Omit<NewRun, "id">;

/**
 * Checks runs before any work is done: size, then settings and whether the input is JSON, then the
 * input's schema; and the size again, since a schema may make the input larger. now: the time in
 * milliseconds, for how far ahead runAt may lie.
 *
 * @throws InputTooLargeError, or InvalidRunError with the first 20 issues.
 */
export async function draftRuns(target: RunTarget, requests: readonly RunRequest[], now: number): Promise<RunDraft[]> {
  if (requests.length < 1 || requests.length > maxRuns) {
    throw new InvalidRunError(target.name, [{ run: 0, pointer: "", message: `enqueue 1 to ${maxRuns} runs at once` }]);
  }
  const wrong = targetRule(target);
  if (wrong !== undefined) throw new InvalidRunError(target.name, [{ run: 0, pointer: "", message: wrong }]);
  const issues: RunIssue[] = [];
  const report = (run: number, found: readonly SchemaIssue[]) => issues.push(...found.map((one) => ({ run, ...one })));
  const inputs = requests.map((request, run) => checkInput(request, (found) => report(run, found)));
  checkSizes(inputs);
  const drafts: RunDraft[] = [];
  for (const [run, request] of requests.entries()) {
    if (issues.length >= maxIssues) break;
    const draft = await draftRun(target, request, inputs[run], (found) => report(run, found));
    const late = tooFarAhead(draft?.run_at, now);
    if (late !== undefined) report(run, [issue("/runAt", late)]);
    if (draft !== undefined) drafts.push(draft);
  }
  if (issues.length > 0) throw new InvalidRunError(target.name, issues.slice(0, maxIssues));
  if (target.input !== undefined || drafts.some(({ attributes }) => attributes !== undefined)) {
    checkSizes(
      drafts.map(({ input }) => input),
      drafts.map(({ attributes }) => attributes),
    );
  }
  return drafts;
}

/** What is wrong with a name and version that no workflow can have, and so no poller knows. */
function targetRule({ name, version }: RunTarget): string | undefined {
  if (typeof name !== "string" || !namePattern.test(name)) return `"${name}" cannot be the name of a workflow: ${nameRule}`;
  return isVersion(version) ? undefined : `a version is ${versionRule}`;
}

type Report = (found: readonly SchemaIssue[]) => void;

/** The input as JSON carries it, or undefined where it is not JSON. */
function checkInput(request: RunRequest, report: Report): Json | undefined {
  return typeof request === "object" && request !== null && request.input !== undefined
    ? json(request.input, report, { refuseMinusZero: true })
    : undefined;
}

function json(value: unknown, report: Report, options?: CheckOptions): Json | undefined {
  try {
    return checkJson(value, options);
  } catch (thrown) {
    if (!(thrown instanceof NotJsonError)) throw thrown;
    report([issue(`/input${thrown.pointer}`, thrown.reason)]);
    return undefined;
  }
}

function checkSizes(inputs: readonly (Json | undefined)[], attributes: readonly (JsonObject | undefined)[] = []): void {
  let total = attributes.reduce((sum, one) => sum + (one === undefined ? 0 : jsonbBytes(one)), 0);
  for (const [run, input] of inputs.entries()) {
    const bytes = input === undefined ? 0 : jsonbBytes(input);
    if (bytes > maxInputBytes) throw new InputTooLargeError(run, bytes, maxInputBytes);
    total += bytes;
  }
  if (total > maxCallBytes) throw new InputTooLargeError(undefined, total, maxCallBytes);
}

async function draftRun(target: RunTarget, request: RunRequest, given: Json | undefined, report: Report): Promise<RunDraft | undefined> {
  const plain = request?.runAt instanceof Date ? { ...request, runAt: isoOf(request.runAt) } : request;
  const settings = runSettings.safeParse(plain, { error: sentences });
  if (!settings.success) report(schemaIssues(settings.error));
  const givenAttributes = settings.success ? checkGiven(settings.data.attributes, report) : undefined;
  const input = given === undefined ? undefined : await parseInput(target, given, report);
  if (!settings.success || given === undefined || input === undefined) return undefined;
  const { idempotencyKey, ...body } = settings.data;
  const attributes = draftAttributes(target, input, givenAttributes, report);
  return {
    workflow: target.name,
    version: target.version,
    input,
    ...toColumns(body),
    ...(attributes !== undefined && { attributes }),
    // The version and the workflow's own attributes are left out: a repeat after a deployment is
    // still the same request.
    ...(idempotencyKey !== undefined && {
      key: idempotencyKey,
      hash: canonicalHash({ workflow: target.name, ...body, input: given, attributes: givenAttributes }),
    }),
  };
}

async function parseInput(target: RunTarget, given: Json, report: Report): Promise<Json | undefined> {
  if (target.input === undefined) return given;
  const parsed = await target.input.safeParseAsync(given, { error: sentences });
  if (parsed.success) return json(parsed.data, report);
  report(schemaIssues(parsed.error, "/input"));
  return undefined;
}

function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? "an invalid Date" : date.toISOString();
}
