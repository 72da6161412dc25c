import type * as z from "zod";
import type { Chain } from "./chain.ts";
import type { Duration } from "./duration.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ResolvedRetry, RetryPolicy } from "./retry-policy.ts";
import type { Standing } from "./standing.ts";
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
  /** `runId/path`, the same in every attempt: hand it to whatever must not happen twice. */
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
  /**
   * The queue whose pollers call the handler, such as "heavy"; the run is parked for them. Only in
   * the workflow's own chain. Default: that of the workflow.
   */
  readonly on?: string;
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

/** What one attempt of a node came to. */
export interface Attempted {
  /** As it is stored. */
  readonly output: Json;
  /** Those of a `sql` node, not yet run. */
  readonly statements?: readonly Statement[];
  /** Where it is stored below the node's path, when others are to end the attempt. */
  readonly below?: string | undefined;
}

/**
 * One link of a chain. What its kind means is in one file under `nodes/`, and nowhere else; its
 * rows are what a decision knows of it.
 */
export interface Node {
  readonly kind: string;
  readonly name: string;
  /** Kind and name, and what is inside, such as `step:charge`: its part of the manifest. */
  readonly shape: string;
  /** How long an attempt may take, of each handler that is in it. */
  readonly timeoutsMs: readonly number[];
  /** The length of the longest path of its rows, from its own name on. */
  readonly pathBytes: number;
  /** Whether its output is that of the row at its own path. */
  readonly rowIsOutput: boolean;
  /** What takes back what it has done. */
  readonly undo?: Undo;
  /** Something in it has an undo. */
  readonly undoes?: true;
  /** It may have been skipped: that it ran is a row of this name below it. */
  readonly ran?: string;
  /** The chain that a row of so much of its path after the node's own belongs to. */
  inside?(this: void, path: string, below: string): Inside | undefined;
  /** What a claim need not read of it, where its path is known; undefined: it reads everything. */
  skips?(this: void, path: string): readonly Skip[];
  /** Signals that it waits for, and their schemas; undefined: it waits for no message at all. */
  readonly signals?: Signals;
  /** Those of them that may be sent by a business key. */
  readonly keyed?: Signals;
  /** It may start runs of other workflows, of which a claim tells how they have ended. */
  readonly children?: true;
  /** What outputs must be like that others bring. */
  readonly answers?: Answers;
  /** The queue whose pollers call its handler; undefined: that of the workflow. */
  readonly on?: string;
  /** Where it stands at a path while nothing is stored of it. */
  begin(this: void, path: string): Standing;
  /** Whether a row of it may have so much of its path after its own: "" is its own path. */
  holds(this: void, below: string): boolean;
}

/** Schemas of the signals of a name, which several nodes may wait for. */
export type Signals = ReadonlyMap<string, readonly z.ZodType[]>;

/**
 * Schemas by what their paths have after the node's own, with `*` in place of an index: "" is its
 * own path.
 */
export type Answers = ReadonlyMap<string, z.ZodType>;

/** What takes back what a node has done. */
export interface Undo {
  /** How it is attempted: all but what of the node's output there is. */
  readonly policy: Pick<HandlerNode, "retry" | "timeoutMs" | "kind">;
  /** The node is taken back too where it has begun and has no output: that is null then. */
  readonly evenIfFailed: boolean;
  /** As a handler, given the node's output. */
  run(this: void, output: Json, state: State, context: StepContext): Promise<Attempted>;
}

/** A chain below a node. */
export interface Inside {
  readonly chain: Chain;
  /** What comes before the names of its nodes. */
  readonly prefix: string;
  /** What its handlers see beside what is around the node, by what is stored. */
  turn?(this: void, stored: StoredRows): Readonly<Record<string, Json>>;
}

/** What is stored of a run, where it has all been read. */
export interface StoredRows {
  /** The output of a row; undefined: there is none. */
  at(this: void, path: string): Json | undefined;
  /** What a chain has come to. */
  outputOf(this: void, chain: Chain, prefix: string): Json;
}

/** Rows below a path that a claim does not read. */
export interface Skip {
  readonly path: string;
  /**
   * Which: all once the node is "over", items that are under a "fold", passes before the last but
   * one ("pass"), all but the "last", or "all".
   */
  readonly floor: "over" | "fold" | "pass" | "last" | "all";
}

/** A node with a handler, which runs at least once. */
export interface HandlerNode extends Node {
  readonly retry: ResolvedRetry;
  readonly timeoutMs: number;
  readonly output: z.ZodType | undefined;
  /** The messages by which others end an attempt at a path. */
  awaits?(this: void, path: string, attempt: number): readonly string[];
  /** Rejects with what the handler threw, `NotJsonError` or `ZodError`. */
  run(this: void, state: State, context: StepContext, memory?: Memory): Promise<Attempted>;
}

/** What an attempt may store while it runs, by the path below its own. */
export interface Memory {
  /** What is stored there; undefined: nothing. */
  recall(below: string): Json | undefined;
  /** Resolves when it is stored; rejects when the attempt is told to stop. */
  store(below: string, output: Json, startedAt: number): Promise<void>;
  /** Rejects when the attempt is told to stop. */
  pause(milliseconds: number): Promise<void>;
  /** By the poller's clock. */
  now(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
}
