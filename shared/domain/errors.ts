import { toMilliseconds, type Duration } from "./duration.ts";

/** Thrown by a handler to fail its run at once: no further attempt would help. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
}

/**
 * Thrown by a handler to choose when it is tried again, in place of the retry policy's backoff. It counts as one of the policy's attempts.
 *
 * Throws `InvalidDurationError` where `after` is not a duration.
 */
export class RetryAfterError extends Error {
  override readonly name = "RetryAfterError";
  readonly after: Duration;
  readonly afterMs: number;

  constructor(after: Duration, message = `Try again after ${after}.`, options?: ErrorOptions) {
    super(message, options);
    this.after = after;
    this.afterMs = toMilliseconds(after);
  }
}

/** A handler that took longer than its node's timeout. Its attempt has failed and is retried by policy. */
export class StepTimeoutError extends Error {
  override readonly name = "StepTimeoutError";
  readonly node: string;
  readonly timeoutMs: number;

  constructor(node: string, timeoutMs: number) {
    super(`"${node}" took longer than its timeout of ${timeoutMs / 1_000} seconds: raise the timeout, or stop early on context.signal.`);
    this.node = node;
    this.timeoutMs = timeoutMs;
  }
}

/** A workflow, or a registry of them, that cannot be run as it is written. `node` is absent where the workflow itself is at fault. */
export class InvalidWorkflowError extends Error {
  override readonly name = "InvalidWorkflowError";
  readonly workflow: string;
  readonly node: string | undefined;

  constructor(workflow: string, node: string | undefined, problem: string, options?: ErrorOptions) {
    super(`Workflow "${workflow}"${node === undefined ? "" : `, node "${node}"`}: ${problem}.`, options);
    this.workflow = workflow;
    this.node = node;
  }
}

/** An error as it is stored and shown: plain text, free of NUL characters and lone surrogates. */
export interface ErrorRecord {
  /** At most 200 bytes. */
  readonly name: string;
  /** At most 8 KiB. */
  readonly message: string;
  /** At most 16 KiB. */
  readonly stack?: string;
}

const MAX_NAME_BYTES = 200;
const MAX_MESSAGE_BYTES = 8 * 1024;
const MAX_STACK_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** Describes whatever was thrown. It never throws itself, whatever it is given. */
export function describeError(thrown: unknown): ErrorRecord {
  const name = textOf(thrown, "name") || "Error";
  const message = textOf(thrown, "message") ?? describeValue(thrown);
  const stack = textOf(thrown, "stack");
  return {
    name: storable(name, MAX_NAME_BYTES),
    message: storable(message, MAX_MESSAGE_BYTES),
    ...(stack !== undefined && { stack: storable(stack, MAX_STACK_BYTES) }),
  };
}

/** A property of what was thrown, if it is there, can be read and is a string. */
function textOf(thrown: unknown, key: "name" | "message" | "stack"): string | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  try {
    const value: unknown = Reflect.get(thrown, key);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text of something that is not an error and has no message. */
function describeValue(thrown: unknown): string {
  try {
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
