import { checkStatements } from "./check-statements.ts";
import { toMilliseconds, toSleepMilliseconds, type Duration } from "./duration.ts";
import { InvalidWorkflowError, NonRetryableError } from "./errors.ts";
import { checkJson, type Json, type JsonObject } from "./json.ts";
import { namePattern, nameRule } from "./name.ts";
import { isVersion, versionRule } from "./version.ts";
import type { Node, NodeOptions, SqlResult, State, StepContext } from "./node.ts";
import { resolveRetry } from "./retry-policy.ts";
import type { RefuseUnlessJson } from "./storable.ts";
import type { AnyWorkflow, JsonSchema, Workflow } from "./workflow-types.ts";
import type * as z from "zod";

export type * from "./node.ts";
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

type Options = NodeOptions & { readonly output?: JsonSchema };
type AnyHandler = (state: State, context: StepContext) => unknown;

const OPTION_NAMES = new Set(["output", "retry", "timeout"]);

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
  step(name: string, ...rest: [AnyHandler] | [Options, AnyHandler]): Chain;
  sql(name: string, ...rest: [AnyHandler] | [Options, AnyHandler]): Chain;
  sleep(name: string, duration: Duration | ((state: State) => Duration)): Chain;
}

function chain(workflow: AnyWorkflow): Chain {
  const append = (name: string, build: () => Node): Chain => {
    checkNodeName(workflow, name);
    return chain({ ...workflow, nodes: [...workflow.nodes, blame(workflow.name, name, build)] });
  };
  return Object.freeze({
    ...workflow,
    nodes: Object.freeze(workflow.nodes),
    step: (name: string, ...rest: [AnyHandler] | [Options, AnyHandler]) => append(name, () => stepNode(name, ...split(rest))),
    sql: (name: string, ...rest: [AnyHandler] | [Options, AnyHandler]) => append(name, () => sqlNode(name, ...split(rest))),
    sleep: (name: string, duration: Duration | ((state: State) => Duration)) => append(name, () => sleepNode(name, duration)),
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

function split(rest: [AnyHandler] | [Options, AnyHandler]): [Options, AnyHandler] {
  return rest.length === 1 ? [{}, rest[0]] : rest;
}

function stepNode(name: string, options: Options, handler: AnyHandler): Node {
  const parse = parser(options.output);
  return { kind: "step", name, ...common(options), run: async (state, context) => parse(await handler(state, context)) };
}

function sqlNode(name: string, options: Options, handler: AnyHandler): Node {
  const parse = parser(options.output);
  return {
    kind: "sql",
    name,
    ...common(options),
    run: async (state, context) => {
      const result = (await handler(state, context)) as SqlResult<unknown> | undefined;
      if (!Array.isArray(result?.statements)) throw new NonRetryableError(`The handler of "${name}" must return { statements: […] }.`);
      return { statements: checkStatements(name, result.statements), output: await parse(result.output) };
    },
  };
}

function sleepNode(name: string, duration: Duration | ((state: State) => Duration)): Node {
  const retry = resolveRetry({ maxAttempts: 1 });
  if (typeof duration === "function") return { kind: "sleep", name, retry, duration: (state) => toSleepMilliseconds(duration(state)) };
  const durationMs = toSleepMilliseconds(duration);
  return { kind: "sleep", name, retry, duration: () => durationMs };
}

function common(options: Options) {
  const unknown = Object.keys(options).find((key) => !OPTION_NAMES.has(key));
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is not an option of a node: use output, retry or timeout`);
  const timeoutMs = toMilliseconds(options.timeout ?? "30 seconds");
  if (timeoutMs === 0) throw new TypeError(`its timeout of "${options.timeout}" leaves no time: use at least "1 millisecond"`);
  return { output: options.output, retry: resolveRetry(options.retry), timeoutMs };
}

/** Turns what a handler returned into what is stored. */
function parser(schema: JsonSchema | undefined): (returned: unknown) => Promise<Json> {
  if (schema === undefined) return async (returned) => checkJson(returned);
  return async (returned) => checkJson(await schema.parseAsync(returned));
}
