import type { WorkflowCounts, WorkflowsAnswer, WorkflowsRequest } from "../../domain/run-protocol.ts";
import type { Caller } from "../ask.ts";
import { repeatCall } from "../repeat-call.ts";

/** What counting runs needs of the database. */
export interface Counter extends Caller {
  readonly runs: { listWorkflows(request: WorkflowsRequest, options: { readonly timeoutMs: number }): Promise<WorkflowsAnswer> };
}

/** A page of workflows, by name. */
export interface WorkflowPage {
  readonly workflows: readonly WorkflowCounts[];
  /** To ask for the next page; null on the last. */
  readonly cursor: string | null;
  /** Whether there are more. */
  readonly more: boolean;
}

/** Lists the workflows that have runs, with how many in each status. */
export async function listWorkflows(counter: Counter, request: WorkflowsRequest): Promise<WorkflowPage> {
  const { workflows, next } = await repeatCall(counter, (options) => counter.runs.listWorkflows(request, options));
  return { workflows, cursor: next, more: next !== null };
}
