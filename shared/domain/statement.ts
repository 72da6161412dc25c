/**
 * One SQL statement with its parameters, as data: what a `sql` node returns and what the database
 * port runs.
 *
 * `text` uses `$1 … $n`; JSON values are passed as `JSON.stringify(value)` with `$n::jsonb`.
 */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** A value that no driver can send. `path` is where it is, as in `values[1]`. */
export class UnsendableValueError extends Error {
  override readonly name = "UnsendableValueError";
  readonly path: string;
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

const maxDepth = 64;

/**
 * The values of a statement as the drivers take them, which then cannot fail: objects as their
 * JSON, the rest as it is.
 *
 * Throws `UnsendableValueError`, before anything is sent.
 */
export function sendableValues(values: readonly unknown[]): unknown[] {
  return Array.from(values, (value, index) => sendable(value, `values[${index}]`, 0));
}

function sendable(value: unknown, path: string, depth: number): unknown {
  if (depth > maxDepth) throw new UnsendableValueError(path, `it contains itself, or is nested deeper than ${maxDepth}`);
  if (typeof value === "string") return sendableText(value, path);
  if (typeof value === "function" || typeof value === "symbol") throw new UnsendableValueError(path, `a ${typeof value} cannot be sent`);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return Array.from(value, (item, index) => sendable(item, `${path}[${index}]`, depth + 1));
  if (value instanceof Date) return sendableDate(value, path);
  if ("toPostgres" in value && typeof value.toPostgres === "function") {
    const convert = (inner: unknown) => sendable(inner, path, depth + 1);
    return convert(value.toPostgres(convert));
  }
  return json(value, path);
}

function sendableText(text: string, path: string): string {
  if (text.includes("\0")) throw new UnsendableValueError(path, "it contains a NUL character, which Postgres cannot store");
  if (!text.isWellFormed()) throw new UnsendableValueError(path, "it contains half of a surrogate pair");
  return text;
}

function sendableDate(date: Date, path: string): Date {
  if (Number.isNaN(date.getTime())) throw new UnsendableValueError(path, "an invalid Date cannot be sent");
  return date;
}

function json(value: object, path: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (thrown) {
    throw new UnsendableValueError(path, `it is not JSON (${String((thrown as Error | null)?.message).split("\n")[0]})`);
  }
  if (text === undefined) throw new UnsendableValueError(path, "it is not JSON: its toJSON gives nothing");
  return text;
}
