import { clientCopy } from "./client-copy.ts";
import { sendableValues, UnsendableValueError, type Statement } from "./statement.ts";
import { transactionControl } from "./transaction-control.ts";

/**
 * What a sql node returned is no statement that could be sent. Nothing of it was, and another
 * attempt would not help.
 */
export class InvalidStatementError extends Error {
  override readonly name = "InvalidStatementError";
  readonly node: string;
  /** Which of the statements, from 0. */
  readonly statement: number;

  constructor(node: string, statement: number, problem: string) {
    super(`"${node}" returned statements[${statement}] that cannot be run: ${problem}.`);
    this.node = node;
    this.statement = statement;
  }
}

/** The protocol counts parameters in two bytes. */
const maxValues = 65_535;

/**
 * Checks the statements that a sql node returned, before any is sent.
 *
 * Throws `InvalidStatementError` with the first that is not of the form `{ text, values? }`, has a
 * value that no driver can send, controls the transaction, which is the engine's: its checkpoint is
 * committed in it, or copies rows from or to the client.
 */
export function checkStatements(node: string, statements: readonly unknown[]): Statement[] {
  return Array.from(statements, (statement, index) => {
    const refuse = (problem: string) => new InvalidStatementError(node, index, problem);
    if (typeof statement !== "object" || statement === null) throw refuse("it is no object: return { text, values }");
    return checkStatement(statement, refuse);
  });
}

function checkStatement(statement: Partial<Statement>, refuse: (problem: string) => Error): Statement {
  const { text, values } = statement;
  if (typeof text !== "string" || text.trim() === "") throw refuse("its text is no SQL: give a string");
  if (text.includes("\0") || !text.isWellFormed()) throw refuse("its text has a NUL character or half of a surrogate pair");
  const control = transactionControl(text);
  if (control !== undefined) throw refuse(`${control} is the engine's: the transaction also stores the node's output`);
  const copy = clientCopy(text);
  if (copy !== undefined)
    throw refuse(`${copy} speaks with a client that sends or reads the rows, and a function has none: use insert or select`);
  if (values === undefined || values === null) return { text };
  if (!Array.isArray(values)) throw refuse("its values are no array: bind them in order to $1, $2, …");
  if (values.length > maxValues) throw refuse(`it has ${values.length} values, more than ${maxValues}`);
  checkValues(values, refuse);
  return { text, values };
}

function checkValues(values: readonly unknown[], refuse: (problem: string) => Error): void {
  try {
    sendableValues(values);
  } catch (thrown) {
    throw thrown instanceof UnsendableValueError ? refuse(thrown.message) : thrown;
  }
}
