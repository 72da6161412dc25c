import type * as z from "zod";
import { toMilliseconds } from "../duration.ts";
import { checkJson, type Json } from "../json.ts";
import { optionsOf, requireFunction } from "../options.ts";
import type { HandlerNode, NodeOptions, State, StepContext } from "../node.ts";
import { problemOfQueue } from "../queue.ts";
import { resolveRetry } from "../retry-policy.ts";
import type { AttemptMove } from "../moves.ts";
import {
  isRow,
  noTries,
  Over,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Row,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { MaybePromise } from "../storable.ts";
import type { JsonSchema } from "../workflow-types.ts";
import type { AnyUndo } from "./undo.ts";
import { withCondition } from "./when.ts";

/** A handler: it gets the state so far and a context, and returns its node's output. */
export type Handler<State, Returned> = (state: Readonly<State>, context: StepContext) => MaybePromise<Returned>;

/** The options of a node without a schema for its output. */
export type WithoutOutput = NodeOptions & { readonly output?: never };

/** The options of a node with one. */
export type WithOutput<Schema> = NodeOptions & { readonly output: Schema };

/** Runs the node only when something is so; else its output is null. Asked once. */
export interface Condition<State> {
  readonly when: (state: Readonly<State>) => boolean;
}

export interface NoCondition {
  readonly when?: never;
}

export type AnyHandler = (state: State, context: StepContext) => unknown;
export type AnyCondition = (state: State) => boolean;
export type AnyOptions = NodeOptions & { readonly output?: JsonSchema; readonly when?: AnyCondition; readonly undo?: AnyUndo };
/**
 * What a method takes after the name. The undo may stand behind the handler, whose types it knows
 * then.
 */
export type HandlerArguments = [AnyHandler] | [AnyOptions, AnyHandler] | [AnyOptions, AnyHandler, Pick<AnyOptions, "undo">];

const OPTION_NAMES = ["output", "retry", "timeout", "when", "undo", "on"];

/**
 * A node of one handler. Its row, at its own path, is its output: with it the node is over.
 *
 * Throws for options that cannot be followed.
 */
export function handlerNode(kind: string, name: string, options: AnyOptions, run: HandlerNode["run"], over = overBy): HandlerNode {
  const { output, retry, timeoutMs, when, on } = resolveOptions(options);
  const node: HandlerNode = {
    kind,
    name,
    shape: `${kind}:${name}`,
    output,
    retry,
    timeoutMs,
    timeoutsMs: [timeoutMs],
    pathBytes: name.length,
    rowIsOutput: true,
    ...(on !== undefined && { on }),
    run,
    begin: (path) => (path === name ? plain : new Tried(node, path, noTries, over)),
    holds: (below) => below === "",
  };
  // Mostly it stands in the run's own chain, and has not failed.
  const plain = new Tried(node, name, noTries, over);
  return when === undefined ? node : withCondition(node, when);
}

const overBy = ({ output, bytes }: Row): Over => new Over(output, bytes);

/** A handler that has no output yet. */
class Tried implements Standing {
  readonly output = undefined;
  readonly bytes = 0;
  private readonly node: HandlerNode;
  private readonly path: string;
  private readonly tries: Tries;
  private readonly over: (row: Row) => Over;
  private readonly ahead: Look;

  constructor(node: HandlerNode, path: string, tries: Tries, over: (row: Row) => Over) {
    this.node = node;
    this.path = path;
    this.tries = tries;
    this.over = over;
    this.ahead = { moves: [this.attempt(undefined)] };
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  private attempt(state: AttemptMove["state"]): AttemptMove {
    const { failures, forgiven } = this.tries;
    return { do: "attempt", path: this.path, node: this.node, attempt: failures + 1, forgiven, state };
  }

  take(path: string, fact: Fact): Standing {
    if (path !== this.path) return this;
    return isRow(fact) ? this.over(fact) : new Tried(this.node, path, fact, this.over);
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : new Tried(this.node, this.path, tries, this.over);
  }

  look(scene: Scene): Look {
    const { notBefore: until } = this.tries;
    if (until !== undefined) return { moves: none, until };
    // In the run's own chain the state is that of the run.
    return this.path === this.node.name ? this.ahead : { moves: [this.attempt(() => scene.state())] };
  }
}

const none: readonly never[] = [];

/** Options and handler of a method; sentence: what to write where there is no handler. */
export function splitArguments<Given>(
  given: [Given] | [AnyOptions, Given] | [AnyOptions, Given, Pick<AnyOptions, "undo">],
  sentence: string,
): [AnyOptions, Given] {
  // In JavaScript nothing may be given at all.
  const [options, handler, ending] =
    given.length >= 2 ? (given as [AnyOptions, Given, Pick<AnyOptions, "undo">?]) : [{}, given[0] as Given];
  requireFunction(handler, sentence);
  return [{ ...optionsOf("a node", options, OPTION_NAMES), ...optionsOf("what is behind a handler", ending, ["undo"]) }, handler];
}

function resolveOptions({ output, retry, timeout = "30 seconds", when, on }: AnyOptions) {
  const timeoutMs = toMilliseconds(timeout);
  if (timeoutMs === 0) throw new TypeError(`its timeout of "${timeout}" leaves no time: use at least "1 millisecond"`);
  if (when !== undefined) requireFunction(when, "its when is no function: write when: ({ input }) => …");
  if (output !== undefined && !isSchema(output)) throw new TypeError("its output is no schema: give it one of zod, such as z.json()");
  const problem = problemOfQueue(on);
  if (problem !== undefined) throw new TypeError(problem);
  return { output, retry: resolveRetry(retry), timeoutMs, when, on };
}

/** Whether it is a schema of zod's, which in JavaScript may be anything. */
export function isSchema(given: unknown): boolean {
  return typeof (given as Partial<JsonSchema> | undefined)?.safeParse === "function";
}

/** Turns what a handler returned into what is stored. */
export function outputParser(schema: z.ZodType | undefined): (returned: unknown) => Json | Promise<Json> {
  // Without one there is nothing to wait for.
  return schema === undefined ? checkJson : (returned) => schema.parseAsync(returned).then(checkJson);
}
