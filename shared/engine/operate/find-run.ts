import type { Caller } from "../ask.ts";
import { validate } from "uuid";
import type { RunFacts } from "../../domain/run-protocol.ts";
import { describeRun, type RunView } from "./describe-run.ts";
import { repeatCall } from "../repeat-call.ts";
import type { DescribeOptions } from "./run-format.ts";

/**
 * Everything that looking a run up takes; nodesOf names the nodes of a workflow's chain, where the
 * code knows it.
 */
export interface Reader extends Caller, DescribeOptions {
  readonly runs: { findRun(id: string, options: { readonly timeoutMs: number }): Promise<RunFacts | null> };
  readonly nodesOf: (workflow: string, version: number) => readonly string[] | undefined;
}

/** The view of a run; null where there is none, also for a text that is not an id. */
export async function findRun(reader: Reader, id: string): Promise<RunView | null> {
  const facts = await findFacts(reader, id);
  return facts === null ? null : viewOf(reader, facts);
}

/** The facts of a run, asked for until the database answers or the time is over. */
export async function findFacts(reader: Reader, id: string, deadlineMs?: number): Promise<RunFacts | null> {
  if (!validate(id)) return null;
  return repeatCall(reader, (options) => reader.runs.findRun(id, options), deadlineMs);
}

export function viewOf(reader: Reader, facts: RunFacts): RunView {
  return describeRun(facts, reader.nodesOf(facts.workflow, facts.version), reader);
}
