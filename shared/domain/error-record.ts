import { redacted, redactSecrets, type Redact } from "./redact.ts";

/**
 * An error as it is stored: without secrets, plain text, free of NUL characters and lone
 * surrogates.
 */
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

/**
 * How much of a text is looked at for secrets, as a multiple of what is kept: masking may make it
 * shorter.
 */
const LOOKED_AT = 8;

/**
 * Describes whatever was thrown, without the secrets in its texts. It never throws itself, whatever
 * it is given.
 */
export function describeError(thrown: unknown, redact: Redact = redactSecrets): ErrorRecord {
  return record(thrown, OUTER, { left: MAX_INNER, redact });
}

/**
 * What one description has in common: how many causes and parts may still come, and what masks its
 * texts.
 */
interface Description {
  left: number;
  readonly redact: Redact;
}

function record(thrown: unknown, limits: Limits, inner: Description): ErrorRecord {
  const kept = (text: string, maxBytes: number) => storable(redacted(text.slice(0, LOOKED_AT * maxBytes), inner.redact), maxBytes);
  const name = kept(textOf(thrown, "name") || "Error", MAX_NAME_BYTES);
  const code = textOf(thrown, "code") ?? textOf(thrown, "sqlstate");
  const stack = textOf(thrown, "stack");
  const causes = innerRecords(
    [property(thrown, "cause")].filter((cause) => cause !== undefined && cause !== null),
    inner,
  );
  const errors = innerRecords(partsOf(thrown), inner);
  return {
    name,
    message: kept(textOf(thrown, "message") ?? describeValue(thrown), limits.message) || `This ${name} has no message.`,
    ...(code !== undefined && { code: kept(code, MAX_NAME_BYTES) }),
    ...(stack !== undefined && { stack: kept(stack, limits.stack) }),
    ...(causes.length > 0 && { cause: causes[0]! }),
    ...(errors.length > 0 && { errors }),
  };
}

function innerRecords(thrown: readonly unknown[], inner: Description): ErrorRecord[] {
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
