import type * as z from "zod";
import type { Duration } from "./duration.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Node, NodeOptions, SleepOutput, SqlResult, StepContext } from "./node.ts";
import type { MaybePromise, RefuseUnlessJson, Stored } from "./storable.ts";

/** A zod schema that takes JSON and gives JSON. */
export type JsonSchema = z.ZodType<Json, Json>;

/** A workflow whose types are not known here: what the engine works with. */
export interface AnyWorkflow {
  readonly name: string;
  readonly version: number;
  readonly input: JsonSchema;
  readonly nodes: readonly Node[];
  /** What a run is found by, from its parsed input; called when it is enqueued. */
  attributes?(this: void, state: { readonly input: Json }): object;
  /** Only a type, never there at run time: what `StateOf`, `OutputOf` and `AttributesOf` read. */
  readonly types?: { readonly state: unknown; readonly last: unknown; readonly attributes: unknown };
}

/** Says that a node's name is taken or cannot be one; else it is the name itself. */
export type NewName<State, Name extends string> = string extends Name
  ? "a node's name is written as a literal, so that later nodes know it"
  : Name extends "input"
    ? '"input" is the name of the run\'s input: give the node another name'
    : Name extends keyof State
      ? `step "${Name}" is already in this workflow`
      : Name;

/** A handler: it gets the state so far and a context, and returns its node's output. */
export type Handler<State, Returned> = (state: Readonly<State>, context: StepContext) => MaybePromise<Returned>;

// TypeScript explains why the last overload was refused, so the one with an output schema comes
// last.
// NoInfer: where the result is annotated as AnyWorkflow, `Returned` would be inferred from there,
// as unknown.
type WithoutOutput = NodeOptions & { readonly output?: never };
type WithOutput<Schema> = NodeOptions & { readonly output: Schema };

type After<W extends AnyWorkflow, State, Name extends string, Output> = Workflow<
  W["name"],
  W["version"],
  W["input"],
  State & { readonly [Key in Name]: Output },
  Output,
  AttributesOf<W>
>;

/**
 * A workflow: an immutable value that names, in order, what a run does. Each method returns a new
 * workflow with one more node.
 *
 * A node's name is a lower-case letter and then up to 62 letters, digits or hyphens, and is found
 * again as a key of the state. The methods throw `InvalidWorkflowError` for names, options and
 * durations that only run-time can refuse.
 */
export interface Workflow<
  Name extends string,
  Version extends number,
  Input extends JsonSchema,
  State,
  Last,
  Attributes = JsonObject,
> extends AnyWorkflow {
  readonly name: Name;
  readonly version: Version;
  readonly input: Input;
  readonly types?: { readonly state: State; readonly last: Last; readonly attributes: Attributes };

  /**
   * Runs a handler at least once, and stores what it returns, parsed by `output` where there is
   * one.
   */
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): After<this, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): After<this, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output>,
    handler: Handler<State, z.input<Output>>,
  ): After<this, State, NodeName, z.output<Output>>;

  /**
   * Asks a handler for SQL statements and commits them in one transaction with the checkpoint: they
   * are applied exactly once.
   */
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
  ): After<this, State, NodeName, NoInfer<Stored<Returned>>>;
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
  ): After<this, State, NodeName, NoInfer<Stored<Returned>>>;
  sql<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output>,
    handler: Handler<State, Required<SqlResult<z.input<Output>>>>,
  ): After<this, State, NodeName, z.output<Output>>;

  /**
   * Parks the run for a time, fixed or computed from the state, and stores when it ends. Exact to
   * one poll.
   */
  sleep<const NodeName extends string>(
    name: NewName<State, NodeName>,
    duration: Duration | ((state: Readonly<State>) => Duration),
  ): After<this, State, NodeName, SleepOutput>;
}

/** What a producer hands over to start a run: before the input schema fills in its defaults. */
export type InputOf<W extends AnyWorkflow> = z.input<W["input"]>;

/** What handlers see as `input`: after the input schema has parsed it. */
export type ParsedInputOf<W extends AnyWorkflow> = z.output<W["input"]>;

/** The state after the last node: `input` and every node's output. */
export type StateOf<W extends AnyWorkflow> = NonNullable<W["types"]>["state"];

/** The output of a run: that of its last node. */
export type OutputOf<W extends AnyWorkflow> = NonNullable<W["types"]>["last"];

/** The attributes that a workflow gives its runs; any JSON object where it has no `attributes`. */
export type AttributesOf<W extends AnyWorkflow> = NonNullable<W["types"]>["attributes"];

/**
 * Attributes that somebody gives one run beside the workflow's own: those have the workflow's
 * types, others are any JSON, and null takes one of the workflow's away.
 */
export type GivenAttributes<Attributes = JsonObject> = { readonly [Key in keyof Attributes]?: Attributes[Key] | null } & JsonObject;

/**
 * Names a workflow without its code, so that a producer needs only the type:
 * `WorkflowRef<typeof fulfilOrder>`.
 */
export interface WorkflowRef<W extends AnyWorkflow> {
  readonly name: W["name"];
  readonly version: W["version"];
}
