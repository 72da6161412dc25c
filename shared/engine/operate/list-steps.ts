import * as z from "zod";
import { validate } from "uuid";
import type { StepsAnswer, StepsRequest, StepStatus } from "../../domain/run-protocol.ts";
import type { Caller } from "../ask.ts";
import { InvalidFilterError } from "../producer-errors.ts";
import { repeatCall } from "../repeat-call.ts";
import { describePart, type StepView } from "./describe-steps.ts";
import { cursorRule, pageLimit, parseFilter, stepPath } from "./page-filter.ts";
import type { DescribeOptions } from "./run-format.ts";
import { emptyPlace, findPlace, treeOf } from "./step-tree.ts";

/** What listing steps needs of the database. */
export interface StepLister extends Caller, DescribeOptions {
  readonly runs: { listSteps(id: string, request: StepsRequest, options: { readonly timeoutMs: number }): Promise<StepsAnswer | null> };
}

/** Which steps to list: those right below a node. */
export interface StepFilter {
  /** The node's path. */
  readonly under: string;
  readonly status?: StepStatus | undefined;
  /** The most steps of a page, 1 to 100 (default 20). */
  readonly limit?: number | undefined;
  /** The cursor of the page before. */
  readonly cursor?: string | undefined;
}

/** A page of steps, in order of their paths. */
export interface StepPage {
  readonly steps: readonly StepView[];
  /** As that of a run. */
  readonly leftOut?: readonly string[];
  /** To ask for the next page; null on the last. */
  readonly cursor: string | null;
  /** Whether there are more. */
  readonly more: boolean;
}

const statuses = ["pending", "running", "waiting", "done", "failed", "skipped"] as const satisfies readonly StepStatus[];

/** Everything that a list of steps takes, checked, and in the words of the database. */
export const stepFilter = z
  .strictObject({
    under: stepPath,
    status: z.enum(statuses, { error: `give one of ${statuses.join(", ")}` }).optional(),
    limit: pageLimit,
    cursor: z
      .string()
      .regex(/^[^\0/]{1,200}$/, { error: cursorRule })
      .optional(),
  })
  .transform(({ cursor, status, ...same }): StepsRequest => {
    return { ...same, ...(status && { status }), ...(cursor !== undefined && { after: `${same.under}/${cursor}` }) };
  });

/** Throws InvalidFilterError, which names what is wrong. */
export function readStepFilter(filter: StepFilter): StepsRequest {
  return parseFilter(stepFilter, filter);
}

/**
 * Lists what stands right below a node; null where there is no such run. Throws InvalidFilterError
 * for a cursor that is none of the node's parts.
 */
export async function listSteps(lister: StepLister, id: string, request: StepsRequest): Promise<StepPage | null> {
  const facts = validate(id) ? await repeatCall(lister, (options) => lister.runs.listSteps(id, request, options)) : null;
  if (facts === null) return null;
  if (facts.follows === false) throw new InvalidFilterError([{ parameter: "cursor", message: cursorRule }]);
  const root = treeOf(facts);
  const steps = facts.parts.map(({ path, status }) =>
    describePart({ id, facts, options: lister }, findPlace(root, path) ?? emptyPlace(path), false, status),
  );
  const leftOut = facts.left_out != null && { leftOut: facts.left_out };
  return { steps, ...leftOut, cursor: facts.more ? steps.at(-1)!.name : null, more: facts.more };
}
