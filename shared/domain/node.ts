import type * as z from "zod";
import type { Duration } from "./duration.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ResolvedRetry, RetryPolicy } from "./retry-policy.ts";
import type { Statement } from "./statement.ts";

/**
 * The run's state as a handler sees it: `input`, and each earlier node's output under the node's
 * name. Frozen.
 */
export interface State {
  readonly input: Json;
  readonly [node: string]: Json;
}

/** What a handler may write its lines to. Each line carries the run, the node and the attempt. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a handler is given beside the state. */
export interface StepContext {
  readonly runId: string;
  /**
   * 1 for the first attempt of this node, one more after each failed one. A crash of the poller is
   * not a failed attempt.
   */
  readonly attempt: number;
  /** `runId/node`, the same in every attempt: hand it to whatever must not happen twice. */
  readonly idempotencyKey: string;
  /**
   * Aborted at the node's timeout, when the run is cancelled, and when the invocation's lease is
   * lost.
   */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /**
   * Changes the run's attributes, key by key at the top level; null takes a key away. Stored with
   * what becomes of the attempt, its output or its failure; several calls add up.
   *
   * Throws `NotJsonError`, and `AttributesTooLargeError` over 2 KiB. If the run's attributes would
   * be more than that with it, they stay as they are, and the poller logs it.
   */
  setAttributes(this: void, patch: JsonObject): void;
}

/** What a step or a sql node may be given beside its handler. */
export interface NodeOptions {
  /** Default: 4 attempts, 1 second doubling up to 5 minutes, full jitter. */
  readonly retry?: RetryPolicy;
  /**
   * How long one attempt may take, at most the poller's timeout minus 10 seconds. Default "30
   * seconds".
   */
  readonly timeout?: Duration;
}

/**
 * What the handler of a sql node returns: the statements that are committed together with its
 * checkpoint, and its output (default `null`).
 */
export interface SqlResult<Output> {
  readonly statements: readonly Statement[];
  readonly output?: Output;
}

/** What a sleep stores: when it ended, or will end, as ISO 8601 in UTC. */
export interface SleepOutput {
  readonly until: string;
}

/** What every node of a chain has. */
interface BaseNode {
  readonly name: string;
  readonly retry: ResolvedRetry;
}

/**
 * Runs a handler, at least once; `run` resolves to the output as it is stored, or rejects with what
 * the handler threw, `NotJsonError` or `ZodError`.
 */
export interface StepNode extends BaseNode {
  readonly kind: "step";
  readonly output: z.ZodType | undefined;
  readonly timeoutMs: number;
  run(state: State, context: StepContext): Promise<Json>;
}

/** Asks a handler for statements, which are applied exactly once; `run` is as for a step. */
export interface SqlNode extends BaseNode {
  readonly kind: "sql";
  readonly output: z.ZodType | undefined;
  readonly timeoutMs: number;
  run(state: State, context: StepContext): Promise<Required<SqlResult<Json>>>;
}

/** Parks the run; `duration` answers in milliseconds. */
export interface SleepNode extends BaseNode {
  readonly kind: "sleep";
  duration(state: State): number;
}

/** One link of a workflow's chain. Later kinds of node join this union. */
export type Node = StepNode | SqlNode | SleepNode;
