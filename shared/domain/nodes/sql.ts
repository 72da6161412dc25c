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
import { withUndo, type Undone, type UntypedUndo } from "./undo.ts";

/** What the undo of a node of SQL returns. */
export type UndoStatements = Pick<SqlResult<never>, "statements">;

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
    options: WithoutOutput & Condition<State> & UntypedUndo<State, UndoStatements>,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
    ending?: Undone<NoInfer<Stored<Returned>>, State, UndoStatements>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>> | null>;
  sql<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & Condition<State> & Undone<z.output<Output>, State, UndoStatements>,
    handler: Handler<State, Required<SqlResult<z.input<Output>>>>,
    ending?: Undone<z.output<Output>, State, UndoStatements>,
  ): Grown<Of, State, NodeName, z.output<Output> | null>;
  sql<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput & NoCondition & UntypedUndo<State, UndoStatements>,
    handler: Handler<State, SqlResult<Returned>> & RefuseUnlessJson<Returned>,
    ending?: Undone<NoInfer<Stored<Returned>>, State, UndoStatements>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  sql<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output> & NoCondition & Undone<z.output<Output>, State, UndoStatements>,
    handler: Handler<State, Required<SqlResult<z.input<Output>>>>,
    ending?: Undone<z.output<Output>, State, UndoStatements>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export function sqlNode(name: string, ...given: HandlerArguments): HandlerNode {
  const [options, handler] = splitArguments(given, `it has no handler: write .sql("${name}", ({ input }) => ({ statements: […] }))`);
  const parse = outputParser(options.output);
  const ask = async (call: () => unknown, what: string) => {
    const result = (await call()) as SqlResult<unknown> | undefined;
    if (!Array.isArray(result?.statements)) throw new NonRetryableError(`The ${what} of "${name}" must return { statements: […] }.`);
    return { statements: checkStatements(name, result.statements), output: result.output };
  };
  const node = handlerNode("sql", name, options, async (state, context) => {
    const { statements, output } = await ask(() => handler(state, context), "handler");
    return { statements, output: await parse(output) };
  });
  return withUndo(node, options.undo, async (call) => ({ ...(await ask(call, "undo")), output: null }));
}
