/** An error as it is stored: plain text, free of NUL characters and lone surrogates. */
export interface ErrorRecord {
  /** At most 200 bytes. */
  readonly name: string;
  /** At most 8 KiB, and 1 KiB of a cause or a part. Never empty. */
  readonly message: string;
  /** A code such as ECONNREFUSED or an SQLSTATE; at most 200 bytes. */
  readonly code?: string;
  /** At most 16 KiB, and 2 KiB of a cause or a part. */
  readonly stack?: string;
  /** What it was caused by. */
  readonly cause?: ErrorRecord;
  /** The parts of an AggregateError. */
  readonly errors?: readonly ErrorRecord[];
}

interface Limits {
  readonly message: number;
  readonly stack: number;
}

const MAX_NAME_BYTES = 200;
const OUTER: Limits = { message: 8 * 1024, stack: 16 * 1024 };
const INNER: Limits = { message: 1024, stack: 2 * 1024 };

/** How many causes and parts are kept of one error, all together: a chain may be a circle. */
const MAX_INNER = 8;

const encoder = new TextEncoder();

/** Describes whatever was thrown. It never throws itself, whatever it is given. */
export function describeError(thrown: unknown): ErrorRecord {
  return record(thrown, OUTER, { left: MAX_INNER });
}

function record(thrown: unknown, limits: Limits, inner: { left: number }): ErrorRecord {
  const name = storable(textOf(thrown, "name") || "Error", MAX_NAME_BYTES);
  const code = textOf(thrown, "code") ?? textOf(thrown, "sqlstate");
  const stack = textOf(thrown, "stack");
  const causes = innerRecords(
    [property(thrown, "cause")].filter((cause) => cause !== undefined && cause !== null),
    inner,
  );
  const errors = innerRecords(partsOf(thrown), inner);
  return {
    name,
    message: storable(textOf(thrown, "message") ?? describeValue(thrown), limits.message) || `This ${name} has no message.`,
    ...(code !== undefined && { code: storable(code, MAX_NAME_BYTES) }),
    ...(stack !== undefined && { stack: storable(stack, limits.stack) }),
    ...(causes.length > 0 && { cause: causes[0]! }),
    ...(errors.length > 0 && { errors }),
  };
}

function innerRecords(thrown: readonly unknown[], inner: { left: number }): ErrorRecord[] {
  const records: ErrorRecord[] = [];
  for (const one of thrown) {
    if (inner.left === 0) break;
    inner.left--;
    records.push(record(one, INNER, inner));
  }
  return records;
}

function partsOf(thrown: unknown): readonly unknown[] {
  const errors = property(thrown, "errors");
  try {
    return Array.isArray(errors) ? errors.slice(0, MAX_INNER) : [];
  } catch {
    return [];
  }
}

/**
 * A property of what was thrown, if it is there, can be read and is a text; a code may be a number.
 */
function textOf(thrown: unknown, key: "name" | "message" | "stack" | "code" | "sqlstate"): string | undefined {
  const value = property(thrown, key);
  if (key === "code" && typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

function property(thrown: unknown, key: string): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  try {
    return Reflect.get(thrown, key);
  } catch {
    return undefined;
  }
}

/** The text of something that is not an error and has no message. */
function describeValue(thrown: unknown): string {
  try {
    // oxlint-disable-next-line typescript/no-base-to-string -- it is no object
    const text: string | undefined = typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown);
    return text ?? "undefined";
  } catch {
    return "Something was thrown that cannot be shown.";
  }
}

/** The text as JSONB accepts it, cut at a whole character. */
function storable(text: string, maxBytes: number): string {
  const clean = text.slice(0, maxBytes).toWellFormed().replaceAll("\0", "\uFFFD");
  const { read } = encoder.encodeInto(clean, new Uint8Array(maxBytes));
  return clean.slice(0, read);
}
