import { InvalidWorkflowError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { namePattern, nameRule } from "./name.ts";
import type { Node } from "./node.ts";
import type { HandlerArguments } from "./nodes/handler.ts";
import { sleepNode, type AnyDuration } from "./nodes/sleep.ts";
import { sqlNode } from "./nodes/sql.ts";
import { stepNode } from "./nodes/step.ts";
import type { RefuseUnlessJson } from "./storable.ts";
import { isVersion, versionRule } from "./version.ts";
import type { AnyWorkflow, JsonSchema, Workflow } from "./workflow-types.ts";
import type * as z from "zod";

export type * from "./node.ts";
export type { Handler } from "./nodes/handler.ts";
export type * from "./workflow-types.ts";

/** What identifies a workflow and checks its input. */
export interface WorkflowDefinition<Name extends string, Version extends number, Input extends JsonSchema, Attributes = JsonObject> {
  /** A lower-case letter and then up to 62 letters, digits or hyphens. */
  readonly name: Name;
  /**
   * A whole number from 1 to 2147483647. Runs keep the version they began with: raise it when the
   * nodes change.
   */
  readonly version: Version;
  readonly input: Input;
  /**
   * What a run is found by, up to 2 KiB of JSON, from its input as handlers see it. Pure: called
   * when a run is enqueued.
   */
  readonly attributes?: ((state: { readonly input: z.output<Input> }) => Attributes) & RefuseUnlessJson<Attributes>;
}

/**
 * Begins a workflow: add nodes with `step`, `sql` and `sleep`.
 *
 * Throws `InvalidWorkflowError` for a bad name or version.
 */
export function defineWorkflow<
  const Name extends string,
  const Version extends number,
  Input extends JsonSchema,
  Attributes extends object = JsonObject,
>(
  definition: WorkflowDefinition<Name, Version, Input, Attributes>,
): Workflow<Name, Version, Input, { readonly input: z.output<Input> }, null, Attributes> {
  const { name, version, input, attributes } = definition;
  if (!namePattern.test(name)) throw new InvalidWorkflowError(name, undefined, nameRule);
  if (!isVersion(version)) {
    throw new InvalidWorkflowError(name, undefined, `its version is ${version}: use ${versionRule}`);
  }
  if (attributes !== undefined && typeof attributes !== "function") {
    throw new InvalidWorkflowError(name, undefined, "its attributes are no function: write attributes: ({ input }) => ({ … })");
  }
  return chain({ name, version, input, ...(attributes && { attributes }), nodes: [] }) as never;
}

/** The run-time side of `Workflow`: the same methods, without the types that follow the state. */
interface Chain extends AnyWorkflow {
  step(name: string, ...rest: HandlerArguments): Chain;
  sql(name: string, ...rest: HandlerArguments): Chain;
  sleep(name: string, duration: AnyDuration): Chain;
}

function chain(workflow: AnyWorkflow): Chain {
  const append = (name: string, build: () => Node): Chain => {
    checkNodeName(workflow, name);
    return chain({ ...workflow, nodes: [...workflow.nodes, blame(workflow.name, name, build)] });
  };
  return Object.freeze({
    ...workflow,
    nodes: Object.freeze(workflow.nodes),
    step: (name: string, ...rest: HandlerArguments) => append(name, () => stepNode(name, ...rest)),
    sql: (name: string, ...rest: HandlerArguments) => append(name, () => sqlNode(name, ...rest)),
    sleep: (name: string, duration: AnyDuration) => append(name, () => sleepNode(name, duration)),
  });
}

function checkNodeName(workflow: AnyWorkflow, name: string): void {
  if (!namePattern.test(name)) throw new InvalidWorkflowError(workflow.name, name, nameRule);
  if (name === "input") throw new InvalidWorkflowError(workflow.name, name, "this is the name of the run's input: choose another");
  if (workflow.nodes.some((node) => node.name === name)) {
    throw new InvalidWorkflowError(workflow.name, name, "this name is already in this workflow");
  }
}

/** Says which node of which workflow was being built when a policy or a duration was refused. */
function blame(workflow: string, node: string, build: () => Node): Node {
  try {
    return Object.freeze(build());
  } catch (cause) {
    throw new InvalidWorkflowError(workflow, node, (cause as Error).message.replace(/\.$/, ""), { cause });
  }
}
