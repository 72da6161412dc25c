import { toMilliseconds, type Duration } from "./duration.ts";

export { describeError, type ErrorRecord } from "./error-record.ts";

/** Thrown by a handler to fail its run at once: no further attempt would help. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
}

/**
 * Thrown by a handler to choose when it is tried again, in place of the retry policy's backoff. It
 * counts as one of the policy's attempts.
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

/**
 * A handler that took longer than its node's timeout. Its attempt has failed and is retried by
 * policy.
 */
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

/**
 * A workflow, or a registry of them, that cannot be run as it is written. `node` is absent where
 * the workflow itself is at fault.
 */
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

/** The list of a service's workflows holds something else. */
export class NoWorkflowError extends Error {
  override readonly name = "NoWorkflowError";
  readonly index: number;

  constructor(index: number, value: unknown) {
    const what = value === null || value === undefined ? String(value) : `of type ${typeof value}`;
    super(`workflows[${index}] is ${what}, and no workflow: the list holds what defineWorkflow gives, such as [greet].`);
    this.index = index;
  }
}
