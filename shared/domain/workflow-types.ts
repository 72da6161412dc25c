import type * as z from "zod";
import type { Json, JsonObject } from "./json.ts";
import type { Hooks } from "./hooks.ts";
import type { Node } from "./node.ts";
import type { AllMethods } from "./nodes/all.ts";
import type { ApprovalMethods } from "./nodes/approval.ts";
import type { CallbackMethods } from "./nodes/callback.ts";
import type { ChildMethods } from "./nodes/child.ts";
import type { ChooseMethods } from "./nodes/choose.ts";
import type { EndMethods } from "./nodes/end.ts";
import type { MapMethods } from "./nodes/map-types.ts";
import type { RepeatMethods } from "./nodes/repeat.ts";
import type { ScriptMethods } from "./nodes/script.ts";
import type { SleepMethods } from "./nodes/sleep.ts";
import type { SqlMethods } from "./nodes/sql.ts";
import type { StepMethods } from "./nodes/step.ts";
import type { WaitMethods } from "./nodes/wait-for.ts";

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
  /** What follows the endings of its runs. */
  readonly hooks?: Hooks;
  /** The queue whose pollers call the handlers of its nodes; undefined: the default one. */
  readonly on?: string;
  /** Only a type, never there at run time: what `StateOf`, `OutputOf` and `AttributesOf` read. */
  readonly types?: { readonly state: unknown; readonly last: unknown; readonly ends: unknown; readonly attributes: unknown };
}

/** Says that a node's name is taken or cannot be one; else it is the name itself. */
export type NewName<State, Name extends string> = string extends Name
  ? "a node's name is written as a literal, so that later nodes know it"
  : Name extends "input"
    ? '"input" is the name of the run\'s input: give the node another name'
    : Name extends keyof State
      ? `step "${Name}" is already in this workflow`
      : Name;

/** What stays the same of a chain while nodes are added to it. */
export interface Identity {
  readonly name: string;
  readonly version: number;
  readonly input: JsonSchema;
  readonly attributes: unknown;
  readonly ends: unknown;
}

/** A chain below a node: that of an arm may end its run. */
export interface Below {
  readonly below: "arm" | "branch";
  readonly ends: unknown;
}

/** What nodes are added to. `ends` is what arms so far may end the run with. */
export type Place = Identity | Below;

/** A chain with one more node. */
export type Grown<Of extends Place, State, Name extends string, Output> = Of extends Identity
  ? Workflow<Of["name"], Of["version"], Of["input"], State & { readonly [Key in Name]: Output }, Output, Of["attributes"], Of["ends"]>
  : Of extends Below
    ? SubChain<Of, State & { readonly [Key in Name]: Output }, Output>
    : never;

/** The same place, where the run may have ended with something more. */
export type Ending<Of extends Place, Ends> = Of extends Identity
  ? { name: Of["name"]; version: Of["version"]; input: Of["input"]; attributes: Of["attributes"]; ends: Of["ends"] | Ends }
  : Of extends Below
    ? { readonly below: Of["below"]; readonly ends: Of["ends"] | Ends }
    : never;

/** Adds a node of any kind. */
export interface NodeMethods<Of extends Place, State>
  extends
    StepMethods<Of, State>,
    SqlMethods<Of, State>,
    SleepMethods<Of, State>,
    AllMethods<Of, State>,
    ChooseMethods<Of, State>,
    MapMethods<Of, State>,
    RepeatMethods<Of, State>,
    ScriptMethods<Of, State>,
    WaitMethods<Of, State>,
    ApprovalMethods<Of, State>,
    CallbackMethods<Of, State>,
    ChildMethods<Of, State> {}

/** A chain below a node, whose types are not known here. */
export interface AnySubChain {
  /** Only a type, never there at run time. */
  readonly chain?: { readonly state: unknown; readonly last: unknown; readonly ends: unknown };
}

/** A chain below a node. Its handlers see what is around it, and its own nodes. */
export type SubChain<Of extends Below, State, Last> = Of extends { readonly below: "arm" }
  ? ArmChain<State, Last, Of["ends"]>
  : BranchChain<State, Last>;

/**
 * A chain that may end its run.
 *
 * Chains are interfaces, and say how their state varies: of an intersection, or without `in out`,
 * TypeScript compares all methods and all that they return, in 1 to 4 million instantiations.
 */
export interface ArmChain<in out State, Last, Ends>
  extends NodeMethods<{ readonly below: "arm"; readonly ends: Ends }, State>, EndMethods<State, Ends> {
  readonly chain?: { readonly state: State; readonly last: Last; readonly ends: Ends };
}

/** A chain that may not. */
export interface BranchChain<in out State, Last> extends NodeMethods<Branch, State> {
  readonly chain?: { readonly state: State; readonly last: Last; readonly ends: never };
}

/** What is below an arm may end the run where the arm may. */
export type ArmOf<Of extends Place> = Of extends { readonly below: "branch" } ? Branch : { readonly below: "arm"; readonly ends: never };
export interface Branch {
  readonly below: "branch";
  readonly ends: never;
}

/** What a chain comes to: the output of its last node, null without one. */
export type LastOf<Chain extends AnySubChain> = NonNullable<Chain["chain"]>["last"];

/** What a chain may have ended the run with. */
export type EndsOf<Chain extends AnySubChain> = NonNullable<Chain["chain"]>["ends"];

/** What a chain sees at its end. */
export type ChainStateOf<Chain extends AnySubChain> = NonNullable<Chain["chain"]>["state"];

/** A state with something more, in place of what had its name. */
export type With<State, More> = Omit<State, keyof More> & More;

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
  Ends = never,
>
  extends AnyWorkflow, NodeMethods<{ name: Name; version: Version; input: Input; attributes: Attributes; ends: Ends }, State> {
  readonly name: Name;
  readonly version: Version;
  readonly input: Input;
  readonly types?: { readonly state: State; readonly last: Last; readonly ends: Ends; readonly attributes: Attributes };
}

/** What a producer hands over to start a run: before the input schema fills in its defaults. */
export type InputOf<W extends AnyWorkflow> = z.input<W["input"]>;

/** What handlers see as `input`: after the input schema has parsed it. */
export type ParsedInputOf<W extends AnyWorkflow> = z.output<W["input"]>;

/** The state after the last node: `input` and every node's output. */
export type StateOf<W extends AnyWorkflow> = NonNullable<W["types"]>["state"];

/** The output of a run: that of its last node, or what an arm has ended it with. */
export type OutputOf<W extends AnyWorkflow> = NonNullable<W["types"]>["last" | "ends"];

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
