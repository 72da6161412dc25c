import type * as z from "zod";
import { checkStatements } from "../check-statements.ts";
import { NonRetryableError } from "../errors.ts";
import type { HandlerNode, SqlResult } from "../node.ts";
import type { RefuseUnlessJson, Stored } from "../storable.ts";
import type { Grown, JsonSchema, NewName, Place } from "../workflow-types.ts";
import {
  handlerNode,
  outputParser,
  splitArguments,
  type Handler,
  type HandlerArguments,
  type Condition,
  type NoCondition,
  type WithoutOutput,
  type WithOutput,
} from "./handler.ts";

/** How a chain gets a node of SQL. */
export interface SqlMethods<Of extends Place, State> {
  /**
   * Asks a handler for SQL statements and commits them in one transaction with the checkpoint: they
   * are applied exactly once.
   */
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & Condition<State>,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>> | null>;
  sql<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & Condition<State>,
    handler: Handler<State, Required<SqlResult<z.input<Output>>>>,
  ): Grown<Of, State, NodeName, z.output<Output> | null>;
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & NoCondition,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  sql<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & NoCondition,
    handler: Handler<State, Required<SqlResult<z.input<Output>>>>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export function sqlNode(name: string, ...given: HandlerArguments): HandlerNode {
  const [options, handler] = splitArguments(given, `it has no handler: write .sql("${name}", ({ input }) => ({ statements: […] }))`);
  const parse = outputParser(options.output);
  return handlerNode("sql", name, options, async (state, context) => {
    const result = (await handler(state, context)) as SqlResult<unknown> | undefined;
    if (!Array.isArray(result?.statements)) throw new NonRetryableError(`The handler of "${name}" must return { statements: […] }.`);
    return { statements: checkStatements(name, result.statements), output: await parse(result.output) };
  });
}
