import type { Json } from "../../domain/json.ts";
import type { WorkflowVersion } from "../../domain/protocol.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import type { SchemaIssue } from "../schema-issues.ts";

/**
 * Why the callback at a path does not take an output; none where it does, and where this code does
 * not know the workflow in this version.
 */
export async function refuseOutput(
  workflows: readonly AnyWorkflow[],
  { workflow, version }: Partial<WorkflowVersion>,
  _path: string,
  _output: Json,
): Promise<readonly SchemaIssue[]> {
  const known = workflows.find((each) => each.name === workflow && each.version === version);
  return known === undefined ? [] : [];
}
