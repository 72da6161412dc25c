import type { SignalTarget } from "../domain/mail-protocol.ts";
import type { SchemaIssue } from "./schema-issues.ts";

/**
 * One thing that is wrong with a run to be enqueued: run counts from 0, pointer is a JSON pointer
 * into `{ input, delay, … }`.
 */
export interface RunIssue {
  readonly run: number;
  readonly pointer: string;
  readonly message: string;
}

/** Runs that cannot be enqueued as they are; nothing was stored. At most 20 issues are listed. */
export class InvalidRunError extends Error {
  override readonly name = "InvalidRunError";
  readonly issues: readonly RunIssue[];

  constructor(workflow: string, issues: readonly RunIssue[]) {
    const lines = issues.map(({ run, pointer, message }) => `  run ${run}, "${pointer}": ${message}`);
    super([`Nothing was enqueued for workflow "${workflow}"; correct this and enqueue again:`, ...lines].join("\n"));
    this.issues = issues;
  }
}

/**
 * An input of more than 256 KiB of JSON as the database writes it, or more than 4 MiB of them in
 * one call (then run is undefined); nothing was stored.
 */
export class InputTooLargeError extends Error {
  override readonly name = "InputTooLargeError";
  readonly run: number | undefined;
  readonly bytes: number;
  readonly maxBytes: number;

  constructor(run: number | undefined, bytes: number, maxBytes: number) {
    const what = run === undefined ? "The inputs together are" : `The input of run ${run} is`;
    const advice = run === undefined ? "enqueue fewer runs at once" : "store the data elsewhere and pass a reference to it";
    super(`${what} ${bytes} bytes of JSON as the database writes it, more than ${maxBytes}: ${advice}.`);
    this.run = run;
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}

/** A filter of a list that is wrong, by its name, and deeper ones with their place in it. */
export interface FilterIssue {
  readonly parameter: string;
  readonly message: string;
}

/** A list that cannot be asked for as it is. At most 20 issues are listed. */
export class InvalidFilterError extends Error {
  override readonly name = "InvalidFilterError";
  readonly issues: readonly FilterIssue[];

  constructor(issues: readonly FilterIssue[]) {
    const lines = issues.map(({ parameter, message }) => `  "${parameter}": ${message}`);
    super(["No runs were looked for; correct this and list again:", ...lines].join("\n"));
    this.issues = issues;
  }
}

/**
 * The idempotency key stands for another body within its 7 days; run is the run's index, undefined
 * for the key of the whole request.
 */
export class IdempotencyConflictError extends Error {
  override readonly name = "IdempotencyConflictError";
  readonly run: number | undefined;

  constructor(run: number | undefined) {
    const whose = run === undefined ? "The idempotency key of this request" : `The idempotency key of run ${run}`;
    super(`${whose} was used with another body: send the first body again, or use a new key.`);
    this.run = run;
  }
}

/** A signal that its run cannot take; nothing was stored. At most 20 issues are listed. */
export class InvalidSignalError extends Error {
  override readonly name = "InvalidSignalError";
  /** Undefined: it was sent by a key. */
  readonly runId: string | undefined;
  readonly signal: string;
  readonly issues: readonly SchemaIssue[];

  constructor(to: SignalTarget, signal: string, issues: readonly SchemaIssue[]) {
    const lines = issues.map(({ pointer, message }) => `  "${pointer}": ${message}`);
    super([`Nothing of signal "${signal}" was stored for ${nameOf(to)}; correct this and send it again:`, ...lines].join("\n"));
    this.runId = "run" in to ? to.run : undefined;
    this.signal = signal;
    this.issues = issues;
  }
}

/** An answer that a wait cannot take; nothing was stored. At most 20 issues are listed. */
export class InvalidAnswerError extends Error {
  override readonly name = "InvalidAnswerError";
  readonly runId: string;
  /** Of the node that waits. */
  readonly path: string;
  readonly issues: readonly SchemaIssue[];

  constructor(runId: string, path: string, issues: readonly SchemaIssue[]) {
    const lines = issues.map(({ pointer, message }) => `  "${pointer}": ${message}`);
    super([`Nothing of this answer was stored for "${path}" of run ${runId}; correct this and send it again:`, ...lines].join("\n"));
    this.runId = runId;
    this.path = path;
    this.issues = issues;
  }
}

/** Why nobody waits for an answer any more. */
const overBecause = {
  answered: "it was answered before: the first answer counts",
  superseded: "it was asked anew since: answer with the link or the token of the last time",
  ended: "its run is over",
} as const;

/** Nobody waits for this answer any more; nothing was stored. */
export class WaitOverError extends Error {
  override readonly name = "WaitOverError";
  readonly runId: string;
  /** Of the node that waited. */
  readonly path: string;
  readonly reason: keyof typeof overBecause;
  /** How the run has ended: done, failed or cancelled. */
  readonly ended: string | undefined;

  constructor(runId: string, path: string, reason: keyof typeof overBecause, ended?: string) {
    super(`Nobody waits for this answer any more: ${overBecause[reason]}${ended === undefined ? "" : ` (${ended})`}.`);
    this.runId = runId;
    this.path = path;
    this.reason = reason;
    this.ended = ended;
  }
}

/**
 * A run, or a key that no run has, has as many signals as it may have that no node has taken;
 * nothing was stored.
 */
export class MailboxFullError extends Error {
  override readonly name = "MailboxFullError";
  /** Undefined: no run has the key. */
  readonly runId: string | undefined;

  constructor(to: SignalTarget) {
    const who = nameOf(to).replace(/^./, (letter) => letter.toUpperCase());
    super(`${who} has 1,000 signals, or 1 MiB of them, that no node has taken: send it again once some are.`);
    this.runId = "run" in to ? to.run : undefined;
  }
}

function nameOf(to: SignalTarget): string {
  return "run" in to ? `run ${to.run}` : `key "${to.key}" of workflow "${to.workflow}"`;
}

/** No run has this id. */
export class RunNotFoundError extends Error {
  override readonly name = "RunNotFoundError";
  readonly runId: string;

  constructor(runId: string) {
    super(`There is no run "${runId}": check the id, and that the client speaks to the right database.`);
    this.runId = runId;
  }
}

/**
 * The run did not end within the time that `wait` was given; it goes on. status is its last known
 * one, `unknown` when the database never answered.
 */
export class WaitTimeoutError extends Error {
  override readonly name = "WaitTimeoutError";
  readonly runId: string;
  readonly status: string;

  constructor(runId: string, status: string, timeout: string) {
    const found = status === "unknown" ? `The database said nothing of run ${runId}` : `Run ${runId} is still ${status}`;
    super(`${found} after ${timeout}: wait again, or look at it with get("${runId}").`);
    this.runId = runId;
    this.status = status;
  }
}

/** The run's status does not allow what was asked. */
export class WrongStatusError extends Error {
  override readonly name: string = "WrongStatusError";
  readonly runId: string;
  readonly status: string;

  constructor(runId: string, status: string, advice: string) {
    super(`Run ${runId} is ${status}: ${advice}.`);
    this.runId = runId;
    this.status = status;
  }
}

/** The run is being undone, or was: it is neither cancelled nor redriven any more. */
export class UndoBegunError extends WrongStatusError {
  override readonly name = "UndoBegunError";
}
