import type { Json } from "../../domain/json.ts";
import { keyedOf, signalsOf } from "../../domain/parts.ts";
import type { SignalTarget, WorkflowVersion } from "../../domain/mail-protocol.ts";
import type { AnyWorkflow } from "../../domain/workflow-types.ts";
import { issue, schemaIssues, sentences, type SchemaIssue } from "../schema-issues.ts";

/** A workflow whose runs cannot take a signal, and why. */
export interface Refusal extends WorkflowVersion {
  readonly issues: readonly SchemaIssue[];
}

/** The workflows whose runs cannot take it: none of their nodes waits for it, or none so. */
export async function refusalsOf(workflows: readonly AnyWorkflow[], to: SignalTarget, name: string, body: Json): Promise<Refusal[]> {
  const known = versionsOf(workflows, to);
  const all = await Promise.all(known.map(async (workflow) => ({ workflow, issues: await issuesOf(workflow, to, name, body) })));
  return all.flatMap(({ workflow, issues }) => (issues.length > 0 ? [{ workflow: workflow.name, version: workflow.version, issues }] : []));
}

/** The workflows to which a signal may go, as far as they are known. */
export function versionsOf(workflows: readonly AnyWorkflow[], to: SignalTarget): readonly AnyWorkflow[] {
  return "run" in to ? workflows : workflows.filter(({ name }) => name === to.workflow);
}

async function issuesOf({ nodes, ...workflow }: AnyWorkflow, to: SignalTarget, name: string, body: Json): Promise<readonly SchemaIssue[]> {
  const signals = "run" in to ? signalsOf(nodes) : keyedOf(nodes);
  const schemas = signals.get(name);
  if (schemas === undefined) {
    const known = signals.size === 0 ? "for no signal at all" : `only for ${[...signals.keys()].join(", ")}`;
    const how = "run" in to ? "waits" : "waits, by a key,";
    return [issue("", `version ${workflow.version} of "${workflow.name}" ${how} ${known}, not for "${name}"`)];
  }
  const parsed = await Promise.all(schemas.map((schema) => schema.safeParseAsync(body, { error: sentences })));
  return parsed.some(({ success }) => success) ? [] : schemaIssues(parsed[0]!.error!);
}
