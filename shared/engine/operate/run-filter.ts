import * as z from "zod";
import { checkJson, NotJsonError, type Json, type JsonObject } from "../../domain/json.ts";
import type { ListRequest, RunStatus } from "../../domain/run-protocol.ts";
import { maxVersion, versionRule } from "../../domain/version.ts";
import { cursorRule, pageLimit, parseFilter } from "./page-filter.ts";

/** Which runs to list: those that all filters fit. */
export interface RunFilter {
  /** Whatever name it is stored under, also one that only SQL could store. */
  readonly workflow?: string | undefined;
  readonly version?: number | undefined;
  readonly status?: RunStatus | undefined;
  /** What the attributes of a run must contain, nested at most 8 deep. */
  readonly attributes?: JsonObject | undefined;
  /** Enqueued at this time or later; a text is as in RFC 3339, with seconds and zone. */
  readonly createdAfter?: Date | string | undefined;
  /** Enqueued before this time. */
  readonly createdBefore?: Date | string | undefined;
  /** Done, failed or cancelled at this time or later. */
  readonly endedAfter?: Date | string | undefined;
  /** Done, failed or cancelled before this time. */
  readonly endedBefore?: Date | string | undefined;
  /** The name of the error of a failed run. */
  readonly errorName?: string | undefined;
  /** The node at which a failed run used up its attempts, or was told to stop. */
  readonly failedNode?: string | undefined;
  /** The most runs of a page, 1 to 100 (default 20). */
  readonly limit?: number | undefined;
  /** The cursor of the page before. */
  readonly cursor?: string | undefined;
}

const MAX_DEPTH = 8;
const EARLIEST = Date.parse("1970-01-01T00:00:00Z");
const LATEST = Date.parse("9999-12-31T23:59:59.999Z");

const timeRule = 'give a time with its zone and its seconds, as in "2030-01-31T10:00:00Z" or "2030-01-31T11:00:00+01:00"';
const statuses = ["ready", "running", "waiting", "blocked", "done", "failed", "cancelled"] as const satisfies readonly RunStatus[];

const time = z
  .union([z.date(timeRule), z.iso.datetime({ offset: true, error: timeRule })], timeRule)
  .transform((at) => new Date(at))
  .refine((at) => at.getTime() >= EARLIEST && at.getTime() <= LATEST, { error: "give a time from 1970 to 9999" })
  .transform((at) => at.toISOString())
  .optional();

const text = (rule: string) =>
  z
    .string({ error: rule })
    .regex(/^[^\0]{1,200}$/, { error: rule })
    .refine((given) => given.isWellFormed(), { error: rule })
    .optional();

/** The version of a run's workflow. */
export const runVersion = z
  .int({ error: `give ${versionRule}` })
  .min(1, { error: `give ${versionRule}` })
  .max(maxVersion, { error: `give ${versionRule}` });

/** Everything that a list takes, checked, and in the words of the database. */
export const runFilter = z
  .strictObject({
    // SQL may store runs of a workflow whatever its name.
    workflow: text("give the name of a workflow, at most 200 characters"),
    version: runVersion.optional(),
    status: z.enum(statuses, { error: `give one of ${statuses.join(", ")}` }).optional(),
    attributes: z.unknown().transform(contained).optional(),
    createdAfter: time,
    createdBefore: time,
    endedAfter: time,
    endedBefore: time,
    errorName: text("give the name of an error, at most 200 characters"),
    failedNode: text("give the name of a node, at most 200 characters"),
    limit: pageLimit,
    cursor: z.uuid({ error: cursorRule }).optional(),
  })
  .superRefine(({ createdAfter, createdBefore, endedAfter, endedBefore }, context) => {
    refuseUpsideDown(context, "created", createdAfter, createdBefore);
    refuseUpsideDown(context, "ended", endedAfter, endedBefore);
  })
  .transform(
    ({ createdAfter, createdBefore, endedAfter, endedBefore, errorName, failedNode, cursor, ...same }) =>
      given({
        ...same,
        created_after: createdAfter,
        created_before: createdBefore,
        ended_after: endedAfter,
        ended_before: endedBefore,
        error_name: errorName,
        failed_node: failedNode,
        before: cursor,
      }) as unknown as ListRequest,
  );

/** Throws InvalidFilterError, which names each filter that is wrong. */
export function readFilter(filter: RunFilter): ListRequest {
  return parseFilter(runFilter, given(filter));
}

function given(keys: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}

function refuseUpsideDown(context: z.RefinementCtx, what: "created" | "ended", after?: string, before?: string): void {
  if (after === undefined || before === undefined || after < before) return;
  context.addIssue({ code: "custom", path: [`${what}Before`], message: `give a time later than ${what}After`, input: before });
}

function contained(value: unknown, context: z.RefinementCtx): Json {
  const refuse = (message: string, path: string[] = []): never => {
    context.addIssue({ code: "custom", path, message, input: value });
    return z.NEVER;
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse('give a JSON object, as in {"customerId":"c-1"}');
  try {
    const attributes = checkJson(value);
    return depthOf(attributes) <= MAX_DEPTH ? attributes : refuse(`it is nested deeper than ${MAX_DEPTH}`);
  } catch (thrown) {
    if (!(thrown instanceof NotJsonError)) throw thrown;
    return refuse(thrown.reason, thrown.pointer.split("/").slice(1));
  }
}

/** How deep arrays and objects are nested; at most 64, which checkJson has seen to. */
function depthOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value as JsonObject).map((inner) => depthOf(inner ?? null)));
}
