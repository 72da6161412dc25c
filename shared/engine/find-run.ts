import { validate } from "uuid";
import type { RunFacts } from "../domain/protocol.ts";
import { describeRun, type RunView } from "./describe-run.ts";
import { repeatCall, type Caller } from "./repeat-call.ts";
import type { DescribeOptions } from "./shown.ts";

/** Everything that looking a run up takes; nodesOf names the nodes of a workflow's chain, where the code knows it. */
export interface Reader extends Caller, DescribeOptions {
  readonly runs: { findRun(id: string, options: { readonly timeoutMs: number }): Promise<RunFacts | null> };
  readonly nodesOf: (workflow: string, version: number) => readonly string[] | undefined;
}

/** The view of a run; null where there is none, also for a text that is not an id. */
export async function findRun(reader: Reader, id: string, deadlineMs?: number): Promise<RunView | null> {
  if (!validate(id)) return null;
  const facts = await repeatCall(reader, (options) => reader.runs.findRun(id, options), deadlineMs);
  return facts === null ? null : describeRun(facts, reader.nodesOf(facts.workflow, facts.version), reader);
}
