/**
 * A statement of an SQL file, in lower case, without comments and without what stands in quotes.
 */
export interface ReadStatement {
  readonly text: string;
  /** Where it begins; the first line is 1. */
  readonly line: number;
}

/**
 * Comments to the end of the line, strings (two adjacent ones for a doubled quote), names, words,
 * spaces, and any other sign.
 */
const TOKEN =
  /--[^\n]*|[eE]'(?:\\[^]|''|[^'\\]+)*'|'[^']*'|"[^"]*"|\$((?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[^]*?\$\1\$|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*|\s+|[^]/giy;

/** The body of a routine in SQL's own style has semicolons between `begin atomic` and `end`. */
const ROUTINE = /^create (or replace )?(function|procedure) /;

/**
 * Takes a file apart at its semicolons, as psql does, so that single statements can be looked at
 * before they are sent.
 *
 * A backslash outside of quotes, and what follows it, is a statement of its own: psql would take it
 * as a command.
 */
export function readStatements(text: string): ReadStatement[] {
  const statements: ReadStatement[] = [];
  let [statement, line, seenLine, depth] = ["", 1, 1, 0];
  const end = (): void => {
    if (statement.trim() !== "") statements.push({ text: statement.trim().replaceAll(/\s+/g, " "), line });
    [statement, depth] = ["", 0];
  };
  for (let at = 0; at < text.length;) {
    const token = tokenAt(text, at);
    const word = readable(token);
    if (statement === "" && word !== " ") line = seenLine;
    if (word === "\\") {
      end();
      const command = text.slice(at).split("\n", 1)[0] ?? "";
      return [...statements, { text: command.trim(), line: seenLine }];
    }
    if (ROUTINE.test(statement.trimStart())) depth += depthOf(word, depth);
    if (word === ";" && depth === 0) end();
    else if (word !== " " || statement !== "") statement = word === " " ? `${statement.trimEnd()} ` : statement + word;
    at += token.length;
    seenLine += token.split("\n").length - 1;
  }
  end();
  return statements;
}

function tokenAt(text: string, at: number): string {
  if (text.startsWith("/*", at)) return commentAt(text, at);
  TOKEN.lastIndex = at;
  return TOKEN.exec(text)?.[0] ?? text.slice(at);
}

/** Block comments nest. */
function commentAt(text: string, start: number): string {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return text.slice(start, edge.lastIndex);
  }
  return text.slice(start);
}

function readable(token: string): string {
  if (/^(\s|--|\/\*)/.test(token)) return " ";
  if (/^"[^]+"$/.test(token)) return '""';
  return /^([eE]?'[^]*'|\$[^]*\$)$/.test(token) ? "''" : token.toLowerCase();
}

function depthOf(word: string, depth: number): number {
  if (word === "begin" || (word === "case" && depth > 0)) return 1;
  return word === "end" && depth > 0 ? -1 : 0;
}
