import { requireFunction } from "../options.ts";
import type { HandlerNode } from "../node.ts";
import { Over } from "../standing.ts";
import { handlerNode, type AnyHandler } from "./handler.ts";
import { handlerOf } from "./step.ts";
import type { Handler } from "./handler.ts";
import type { RefuseUnlessJson, Stored } from "../storable.ts";
import type { AnySubChain } from "../workflow-types.ts";

/** How an arm ends its run. */
export interface EndMethods<State, Ends> {
  /** Ends the run as done, with what the handler returns as its output. Nothing comes after it. */
  end<Returned = null>(handler: Handler<State, Returned> & RefuseUnlessJson<Returned>): EndedChain<State, Ends | NoInfer<Stored<Returned>>>;
}

/** A chain that ends its run. */
export interface EndedChain<State, Ends> extends AnySubChain {
  readonly chain?: { readonly state: State; readonly last: never; readonly ends: Ends };
}

/** Where an arm ends its run: not a name that a node can have. */
export const END = "~end";

/** A handler whose output is that of the run, which is done with it. */
export function endNode(handler: AnyHandler): HandlerNode {
  requireFunction(handler, "it has no handler: write .end(({ input }) => …)");
  return handlerNode("end", END, {}, handlerOf({}, handler), ({ output, bytes }) => new Over(output, bytes, output));
}
