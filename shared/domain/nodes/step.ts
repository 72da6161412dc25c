import type * as z from "zod";
import type { HandlerNode } from "../node.ts";
import type { RefuseUnlessJson, Stored } from "../storable.ts";
import type { Grown, JsonSchema, NewName, Place } from "../workflow-types.ts";
import {
  handlerNode,
  outputParser,
  splitArguments,
  type AnyHandler,
  type AnyOptions,
  type Handler,
  type HandlerArguments,
  type Condition,
  type NoCondition,
  type WithoutOutput,
  type WithOutput,
} from "./handler.ts";
import { callStep, withUndo, type Undone, type UntypedUndo } from "./undo.ts";

/** How a chain gets a step. */
export interface StepMethods<Of extends Place, State> {
  /**
   * Runs a handler at least once, and stores what it returns, parsed by `output` where there is
   * one. An undo, which takes it back when the run fails, may stand behind the handler: there it
   * knows the type of the output.
   */
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & Condition<State> & UntypedUndo<State>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
    ending?: Undone<NoInfer<Stored<Returned>>, State>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>> | null>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & Condition<State> & Undone<z.output<Output>, State>,
    handler: Handler<State, z.input<Output>>,
    ending?: Undone<z.output<Output>, State>,
  ): Grown<Of, State, NodeName, z.output<Output> | null>;
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & NoCondition & UntypedUndo<State>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
    ending?: Undone<NoInfer<Stored<Returned>>, State>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & NoCondition & Undone<z.output<Output>, State>,
    handler: Handler<State, z.input<Output>>,
    ending?: Undone<z.output<Output>, State>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export function stepNode(name: string, ...given: HandlerArguments): HandlerNode {
  const [options, handler] = splitArguments(given, `it has no handler: write .step("${name}", ({ input }) => …)`);
  return withUndo(handlerNode("step", name, options, handlerOf(options, handler)), options.undo, callStep);
}

/** Calls a handler, and parses what it returns. */
export function handlerOf({ output }: AnyOptions, handler: AnyHandler): HandlerNode["run"] {
  const parse = outputParser(output);
  return async (state, context) => ({ output: await parse(await handler(state, context)) });
}
