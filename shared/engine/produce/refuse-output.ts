import type { Json } from "../../domain/json.ts";
import type { WorkflowVersion } from "../../domain/mail-protocol.ts";
import { ofEach, topOf } from "../../domain/path.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import { schemaIssues, sentences, type SchemaIssue } from "../schema-issues.ts";

/**
 * Why the callback at a path does not take an output; none where it does, and where this code
 * cannot tell: it does not know the workflow in this version. Then the poller tells.
 */
export async function refuseOutput(
  workflows: readonly AnyWorkflow[],
  { workflow, version }: Partial<WorkflowVersion>,
  path: string,
  output: Json,
): Promise<readonly SchemaIssue[]> {
  const nodes = workflows.find((each) => each.name === workflow && each.version === version)?.nodes ?? [];
  const top = topOf(path);
  const schema = nodes.find(({ name }) => name === top)?.answers?.get(ofEach(path.slice(top.length)));
  const parsed = await schema?.safeParseAsync(output, { error: sentences });
  return parsed?.error === undefined ? [] : schemaIssues(parsed.error);
}
