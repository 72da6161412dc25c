import { buildChain } from "./builder.ts";
import { InvalidWorkflowError } from "./errors.ts";
import { type AnyHook, hooksOf, problemOfHook, type RefuseUnlessHook } from "./hooks.ts";
import type { JsonObject } from "./json.ts";
import { namePattern, nameRule } from "./name.ts";
import { isSchema } from "./nodes/handler.ts";
import { problemOfOptions } from "./options.ts";
import { problemOfQueue } from "./queue.ts";
import type { RunMethods, ScriptArguments } from "./nodes/script.ts";
import type { RefuseUnlessJson } from "./storable.ts";
import { isVersion, versionRule } from "./version.ts";
import type { JsonSchema, Workflow } from "./workflow-types.ts";
import type * as z from "zod";

export type * from "./hooks.ts";
export type * from "./node.ts";
export type { Handler } from "./nodes/handler.ts";
export type * from "./workflow-types.ts";

/** A workflow without nodes yet. */
export interface NewWorkflow<Name extends string, Version extends number, Input extends JsonSchema, Attributes>
  extends
    Workflow<Name, Version, Input, { readonly input: z.output<Input> }, null, Attributes>,
    RunMethods<{ name: Name; version: Version; input: Input; attributes: Attributes; ends: never }, { readonly input: z.output<Input> }> {}

/** What identifies a workflow and checks its input. */
export interface WorkflowDefinition<
  Name extends string,
  Version extends number,
  Input extends JsonSchema,
  Attributes = JsonObject,
  Failed extends AnyHook = AnyHook,
  Ended extends AnyHook = AnyHook,
> {
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
  /**
   * A workflow of which a run is started when one of this workflow has failed, in the transaction
   * that says so: exactly one for each such ending. Its input is `Ending`. Its own ending starts
   * nothing, and changes this run in nothing.
   */
  readonly whenFailed?: Failed & RefuseUnlessHook<Failed>;
  /** The same whenever a run has ended: done, failed or cancelled. */
  readonly whenEnded?: Ended & RefuseUnlessHook<Ended>;
  /**
   * The queue whose pollers call the handlers of its nodes, such as "heavy": a function of its own,
   * with other memory and another timeout. Default: the first poller's, "default".
   */
  readonly on?: string;
}

const OPTION_NAMES = ["name", "version", "input", "attributes", "whenFailed", "whenEnded", "on"];

/**
 * Begins a workflow: add nodes with `step`, `sql`, `sleep`, `all`, `choose`, `map`,
 * `repeat` and `script`.
 *
 * Throws `InvalidWorkflowError` for a bad name or version, an option that is none, an input that is
 * no schema, and a hook that is no workflow.
 */
export function defineWorkflow<
  const Name extends string,
  const Version extends number,
  Input extends JsonSchema,
  Attributes extends object = JsonObject,
  Failed extends AnyHook = AnyHook,
  Ended extends AnyHook = AnyHook,
>(definition: WorkflowDefinition<Name, Version, Input, Attributes, Failed, Ended>): NewWorkflow<Name, Version, Input, Attributes> {
  const { name, version, input, attributes, on } = definition ?? {};
  const problem = problemOfOptions("a workflow", definition, OPTION_NAMES);
  if (problem !== undefined) throw new InvalidWorkflowError(name, undefined, problem);
  if (typeof name !== "string" || !namePattern.test(name)) throw new InvalidWorkflowError(name, undefined, nameRule);
  if (!isVersion(version)) {
    throw new InvalidWorkflowError(name, undefined, `its version is ${version}: use ${versionRule}`);
  }
  if (!isSchema(input)) throw new InvalidWorkflowError(name, undefined, "its input is no schema: give it one of zod, such as z.json()");
  if (attributes !== undefined && typeof attributes !== "function") {
    throw new InvalidWorkflowError(name, undefined, "its attributes are no function: write attributes: ({ input }) => ({ … })");
  }
  for (const key of ["whenFailed", "whenEnded"] as const) {
    const wrong = definition[key] === undefined ? undefined : problemOfHook(key, definition[key]);
    if (wrong !== undefined) throw new InvalidWorkflowError(name, undefined, wrong);
  }
  const unplaced = problemOfQueue(on);
  if (unplaced !== undefined) throw new InvalidWorkflowError(name, undefined, unplaced);
  const hooks = hooksOf(definition);
  const workflow = { name, version, input, ...(attributes && { attributes }), ...(hooks && { hooks }), ...(on !== undefined && { on }) };
  const site = { workflow: name, above: [], taken: new Set<string>(), mayEnd: true };
  const begun = buildChain(site, [], (nodes, methods) => Object.freeze({ ...workflow, nodes: Object.freeze(nodes), ...methods }));
  return Object.freeze({ ...begun, run: (...given: ScriptArguments) => begun.script("run", ...given) }) as never;
}
