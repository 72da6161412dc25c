import type * as z from "zod";
import { toMilliseconds } from "../duration.ts";
import { checkJson, type Json } from "../json.ts";
import type { HandlerNode, Look, NodeOptions, Scene, State, StepContext } from "../node.ts";
import { resolveRetry } from "../retry-policy.ts";
import type { MaybePromise } from "../storable.ts";
import type { JsonSchema } from "../workflow-types.ts";
import { lookAtWait } from "./wait.ts";

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
    look: (path, scene) => lookAtHandler(path, scene) ?? (path === name ? plain : below(node, path, scene)),
  };
  // Mostly it stands in the run's own chain, and is looked at once for each step that is made.
  const plain: Look = { over: false, moves: [{ do: "attempt", path: name, node }] };
  return node;
}

/** Below another node, where the state is another one than that of the run. */
function below(node: HandlerNode, path: string, scene: Scene): Look {
  return { over: false, moves: [{ do: "attempt", path, node, state: () => scene.state() }] };
}

/** Undefined: it may be tried. */
function lookAtHandler(path: string, scene: Scene): Look | undefined {
  const output = scene.row(path);
  return output === undefined ? lookAtWait(path, scene) : { over: true, output };
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
export function outputParser(schema: z.ZodType | undefined): (returned: unknown) => Json | Promise<Json> {
  // Without one there is nothing to wait for.
  return schema === undefined ? checkJson : (returned) => schema.parseAsync(returned).then(checkJson);
}
