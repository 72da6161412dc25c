import { toSleepMilliseconds, type Duration } from "../duration.ts";
import { namePattern, nameRule } from "../name.ts";
import type { Node, State } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import { isVersion, versionRule } from "../version.ts";
import type { AnyWorkflow, Grown, InputOf, NewName, OutputOf, Place, WorkflowRef } from "../workflow-types.ts";
import { childBytes, isChildMark, Parent, type Wanted } from "./parent.ts";

/** A workflow whose code is elsewhere, by name and version, with its type. */
export interface WorkflowElsewhere<W extends AnyWorkflow> extends WorkflowRef<W> {
  /** Only a type, never there at run time. */
  readonly elsewhere?: W;
}

/**
 * Names a workflow that other code runs, for `child`: its input is stored as it is, and parsed by
 * nobody.
 *
 * @example workflowOf<typeof invoiceCustomer>({ name: "invoice-customer", version: 1 })
 */
export function workflowOf<W extends AnyWorkflow>({ name, version }: WorkflowRef<W>): WorkflowElsewhere<W> {
  return Object.freeze({ name, version });
}

/** A child that nobody awaits. */
export interface DetachOptions {
  readonly detach: true;
  /** When it starts, from when the node is reached (default: at once). */
  readonly delay?: Duration;
}

/** A workflow, or one that is elsewhere. */
export type ChildWorkflow = AnyWorkflow | WorkflowElsewhere<AnyWorkflow>;
export type Behind<Of extends ChildWorkflow> = Of extends AnyWorkflow ? Of : Of extends WorkflowElsewhere<infer W> ? W : never;

/** How a chain starts runs of other workflows. */
export interface ChildMethods<Of extends Place, State> {
  /**
   * Starts a run of another workflow, once, and awaits it without a lease: the output is the
   * child's. Its failure fails the node. With `detach` nobody awaits it, and the output is its id.
   */
  child<const NodeName extends string, Child extends ChildWorkflow>(
    name: NewName<State, NodeName>,
    workflow: Child,
    input: (state: Readonly<State>) => InputOf<Behind<Child>>,
  ): Grown<Of, State, NodeName, OutputOf<Behind<Child>>>;
  child<const NodeName extends string, Child extends ChildWorkflow>(
    name: NewName<State, NodeName>,
    options: DetachOptions,
    workflow: Child,
    input: (state: Readonly<State>) => InputOf<Behind<Child>>,
  ): Grown<Of, State, NodeName, { readonly runId: string }>;
}

export type AnyInput = (state: State) => unknown;
/** What the method takes after the name. */
export type ChildArguments = [ChildWorkflow, AnyInput] | [DetachOptions, ChildWorkflow, AnyInput];

const OPTION_NAMES = ["detach", "delay"];

/**
 * A node that starts a run. `x/~child/00000` is `{ run }`, stored with the start; a redrive that
 * has the child go on makes `00001`. Its own row is the child's output, or, detached, `{ runId }`,
 * stored with the start.
 */
export function childNode(name: string, ...given: ChildArguments): Node {
  const wanted = resolve(given);
  return {
    kind: "child",
    name,
    shape: `child:${name}${wanted.detached ? "(detached)" : ""}`,
    timeoutsMs: [],
    pathBytes: name.length + (wanted.detached ? 0 : 1 + childBytes),
    rowIsOutput: true,
    children: true,
    begin: (path) => Parent.begin(path, wanted),
    holds: (below) => below === "" || (!wanted.detached && isChildMark(below)),
  };
}

function resolve(given: ChildArguments): Wanted {
  const [options, workflow, inputOf] = given.length === 3 ? given : [undefined, ...given];
  requireFunction(inputOf, "it has no input for its child: write ({ input }) => ({ … }) after the workflow");
  const { detach, delay } = optionsOf("a child", options, OPTION_NAMES);
  if (options !== undefined && detach !== true)
    throw new TypeError("its options do not detach it: a child that is awaited has none; write { detach: true }");
  const { name, version, code } = targetOf(workflow);
  const delayMs = delay === undefined ? 0 : toSleepMilliseconds(delay);
  return { name, version, code, input: code?.input, inputOf, detached: detach === true, delayMs };
}

/** The workflow that a node starts: its code, where this has it. */
export function targetOf(workflow: unknown): WorkflowRef<AnyWorkflow> & { readonly code: AnyWorkflow | undefined } {
  const { name, version } = (workflow ?? {}) as { readonly name?: unknown; readonly version: number };
  if (typeof name !== "string") throw new TypeError("it has no workflow: give it one, or workflowOf({ name, version })");
  if (!namePattern.test(name)) throw new TypeError(`its workflow "${name}" has no name that can be stored: ${nameRule}`);
  if (!isVersion(version)) throw new TypeError(`the version of its workflow "${name}" is ${version}: use ${versionRule}`);
  return { name, version, code: Array.isArray((workflow as Partial<AnyWorkflow>).nodes) ? (workflow as AnyWorkflow) : undefined };
}
