import type * as z from "zod";
import type { HandlerNode } from "../node.ts";
import type { RefuseUnlessJson, Stored } from "../storable.ts";
import type { Grown, Identity, JsonSchema, NewName } from "../workflow-types.ts";
import {
  handlerNode,
  outputParser,
  splitArguments,
  type Handler,
  type HandlerArguments,
  type WithoutOutput,
  type WithOutput,
} from "./handler.ts";

/** How a chain gets a step. */
export interface StepMethods<Of extends Identity, State> {
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
    options: WithoutOutput,
    handler: Handler<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  step<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output>,
    handler: Handler<State, z.input<Output>>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export function stepNode(name: string, ...given: HandlerArguments): HandlerNode {
  const [options, handler] = splitArguments(given);
  const parse = outputParser(options.output);
  return handlerNode("step", name, options, async (state, context) => ({ output: await parse(await handler(state, context)) }));
}
