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

/** How a chain gets a step. */
export interface StepMethods<Of extends Place, State> {
  /**
   * Runs a handler at least once, and stores what it returns, parsed by `output` where there is
   * one.
   */
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & Condition<State>,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>> | null>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & Condition<State>,
    handler: Handler<State, z.input<Output>>,
  ): Grown<Of, State, NodeName, z.output<Output> | null>;
  step<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & NoCondition,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & NoCondition,
    handler: Handler<State, z.input<Output>>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export function stepNode(name: string, ...given: HandlerArguments): HandlerNode {
  const [options, handler] = splitArguments(given, `it has no handler: write .step("${name}", ({ input }) => …)`);
  return handlerNode("step", name, options, handlerOf(options, handler));
}

/** Calls a handler, and parses what it returns. */
export function handlerOf({ output }: AnyOptions, handler: AnyHandler): HandlerNode["run"] {
  const parse = outputParser(output);
  return async (state, context) => ({ output: await parse(await handler(state, context)) });
}
