import { UnlawfulFileError } from "./errors.ts";
import { readStatements } from "./read-statements.ts";

/**
 * Each file is one request in one transaction of `migrate`; what that cannot hold, and what to do
 * instead.
 */
const RULES: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /^(begin|start transaction|commit|end|rollback(?!( work| transaction)? to\b)|abort|prepare transaction)\b/,
    "each file is applied in one transaction that only migrate begins and ends, so that it is applied as a whole or not at all. " +
      "Take the statement out; what must be committed by itself is a migration of its own",
  ],
  [/^copy\b.* from stdin\b/, "a file has no data to read from. Write the rows as insert statements"],
  [/^\\/, "that is a command of psql, and Postgres does not know it. Write it in SQL"],
];

/**
 * Refuses a file with a statement that would not do what it says, before anything of it is sent.
 * Throws UnlawfulFileError.
 */
export function refuseUnlawfulFile(file: string, text: string): void {
  if (text.includes("\0"))
    throw new UnlawfulFileError(file, "holds a NUL character, at which Postgres stops reading. Save it as UTF-8 text");
  for (const { text: statement, line } of readStatements(text)) {
    const rule = RULES.find(([pattern]) => pattern.test(statement));
    if (rule !== undefined) throw new UnlawfulFileError(file, `holds "${shorten(statement)}" on line ${line}: ${rule[1]}`);
  }
}

/** Refuses a migration that was most likely not saved yet: its text could not change afterwards. */
export function refuseEmptyMigration(file: string, text: string): void {
  if (text.trim() === "") throw new UnlawfulFileError(file, "is empty: write its statements, or a comment that says why there are none");
}

function shorten(statement: string): string {
  return statement.length > 60 ? `${statement.slice(0, 60)}…` : statement;
}
