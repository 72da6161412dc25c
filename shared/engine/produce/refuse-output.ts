import type * as z from "zod";
import type { Json } from "../../domain/json.ts";
import type { WorkflowVersion } from "../../domain/mail-protocol.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import { schemaIssues, sentences, type SchemaIssue } from "../schema-issues.ts";

/**
 * Why the callback at a path does not take an output; none where it does, and where this code
 * cannot tell: it does not know the workflow in this version, or the node is below another one.
 * Then the poller tells.
 */
export async function refuseOutput(
  workflows: readonly AnyWorkflow[],
  { workflow, version }: Partial<WorkflowVersion>,
  path: string,
  output: Json,
): Promise<readonly SchemaIssue[]> {
  const nodes: readonly Answerable[] = workflows.find((each) => each.name === workflow && each.version === version)?.nodes ?? [];
  const parsed = await nodes.find(({ name }) => name === path)?.answers?.safeParseAsync(output, { error: sentences });
  return parsed?.error === undefined ? [] : schemaIssues(parsed.error);
}

/** A node as far as this file asks it. */
interface Answerable {
  readonly name: string;
  /** What an output must be like that somebody else brings. */
  readonly answers?: z.ZodType;
}
