import type * as z from "zod";
import { toMilliseconds } from "../duration.ts";
import { checkJson, type Json } from "../json.ts";
import type { AttemptMove, HandlerNode, Look, Node, NodeOptions, Scene, State, StepContext } from "../node.ts";
import { resolveRetry } from "../retry-policy.ts";
import type { MaybePromise } from "../storable.ts";
import type { JsonSchema } from "../workflow-types.ts";

/** A handler: it gets the state so far and a context, and returns its node's output. */
export type Handler<State, Returned> = (state: Readonly<State>, context: StepContext) => MaybePromise<Returned>;

/** The options of a node without a schema for its output. */
export type WithoutOutput = NodeOptions & { readonly output?: never };

/** The options of a node with one. */
export type WithOutput<Schema> = NodeOptions & { readonly output: Schema };

export type AnyHandler = (state: State, context: StepContext) => unknown;
export type AnyOptions = NodeOptions & { readonly output?: JsonSchema };
/** What a method takes after the name. */
export type HandlerArguments = [AnyHandler] | [AnyOptions, AnyHandler];

const OPTION_NAMES = new Set(["output", "retry", "timeout"]);

/**
 * A node of one handler. Its row, at its own path, is its output: with it the node is over.
 *
 * Throws for options that cannot be followed.
 */
export function handlerNode(kind: string, name: string, options: AnyOptions, run: HandlerNode["run"]): HandlerNode {
  const { output, retry, timeoutMs } = resolveOptions(options);
  const node: HandlerNode = {
    kind,
    name,
    shape: `${kind}:${name}`,
    output,
    retry,
    timeoutMs,
    timeoutsMs: [timeoutMs],
    run,
    look: (path, scene) => lookAtHandler(node, path, scene),
  };
  return node;
}

/** Whether a node has a handler of its own. */
export function hasHandler(node: Node | undefined): node is HandlerNode {
  return node !== undefined && "run" in node;
}

function lookAtHandler(node: HandlerNode, path: string, scene: Scene): Look {
  const output = scene.row(path);
  if (output !== undefined) return { over: true, output };
  const until = scene.notBefore(path);
  if (until !== undefined && until > scene.now) return { over: false, moves: [], until };
  const move: AttemptMove = { do: "attempt", path, node, state: () => scene.state() };
  return { over: false, moves: [move] };
}

export function splitArguments(given: HandlerArguments): [AnyOptions, AnyHandler] {
  return given.length === 1 ? [{}, given[0]] : given;
}

function resolveOptions(options: AnyOptions) {
  const unknown = Object.keys(options).find((key) => !OPTION_NAMES.has(key));
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is not an option of a node: use output, retry or timeout`);
  const timeoutMs = toMilliseconds(options.timeout ?? "30 seconds");
  if (timeoutMs === 0) throw new TypeError(`its timeout of "${options.timeout}" leaves no time: use at least "1 millisecond"`);
  return { output: options.output, retry: resolveRetry(options.retry), timeoutMs };
}

/** Turns what a handler returned into what is stored. */
export function outputParser(schema: z.ZodType | undefined): (returned: unknown) => Promise<Json> {
  if (schema === undefined) return async (returned) => checkJson(returned);
  return async (returned) => checkJson(await schema.parseAsync(returned));
}
