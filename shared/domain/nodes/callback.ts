import type * as z from "zod";
import { toMilliseconds, toSleepMilliseconds, type Duration } from "../duration.ts";
import type { HandlerNode, StepContext } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import { indexText } from "../parts.ts";
import type { RetryPolicy } from "../retry-policy.ts";
import type { MaybePromise } from "../storable.ts";
import type { Grown, JsonSchema, NewName, Place } from "../workflow-types.ts";
import { beginCalling, BEGUN, holdsOfCalling, namesOf, untilBytesOfCalling } from "./calling.ts";
import { handlerNode, isSchema, outputParser } from "./handler.ts";

/** What a callback's handler hands to the outside system. */
export interface Callback {
  /** Belongs to this attempt: who has it may complete, fail or prolong it, and nothing else. */
  readonly token: string;
  /** Where to: `POST {url}/complete`, `/fail` or `/heartbeat`. */
  readonly url: string;
}

/** What the handler of a callback is given beside the state. */
export interface CallbackContext extends StepContext {
  readonly callback: Callback;
}

/** How long a callback waits, and how its attempts are retried. */
export interface CallbackOptions {
  /** For the answer, from when the attempt begins; up to ten years. Without one it has failed. */
  readonly timeout: Duration;
  /** For a sign of life, of which each begins it anew. Default: none is needed. */
  readonly heartbeat?: Duration;
  /** Default: 4 attempts, 1 second doubling up to 5 minutes, full jitter. */
  readonly retry?: RetryPolicy;
  /** For the handler itself. Default "30 seconds". */
  readonly handlerTimeout?: Duration;
}

/** How a chain waits for an outside system. */
export interface CallbackMethods<Of extends Place, State> {
  /**
   * Has an outside system do the work: the handler hands out `callback.token`, and the output is
   * what comes back with it, by `POST /callbacks/{token}/complete`. Meanwhile the run costs no
   * statement. A failure, no answer in time and a heartbeat that does not come are failed attempts,
   * retried by policy, each with a token of its own. A handler that returns a value completes at
   * once.
   */
  callback<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: CallbackOptions & { readonly output: Output },
    // `void`: it has handed out its token.
    handler: (state: Readonly<State>, context: CallbackContext) => MaybePromise<z.input<Output> | void>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

export type AnyCallbackOptions = CallbackOptions & { readonly output: JsonSchema };
export type AnyCallbackHandler = (state: never, context: CallbackContext) => unknown;

const OPTION_NAMES = ["output", "timeout", "heartbeat", "retry", "handlerTimeout"];

/**
 * A node that others complete. For each attempt `x/~until/00001` says until when it waits, stored
 * before the handler starts, and `x/~begun/00001` that its token is out. Its own row is its output.
 */
export function callbackNode(name: string, options: AnyCallbackOptions, handler: AnyCallbackHandler): HandlerNode {
  const { output, timeoutMs, heartbeatMs, retry, handlerTimeout } = resolveOptions(options, handler);
  const parse = outputParser(output);
  const inner = handlerNode(
    "callback",
    name,
    { output, ...(retry && { retry }), ...(handlerTimeout && { timeout: handlerTimeout }) },
    async (state, context) => {
      const returned = await handler(state as never, context as CallbackContext);
      return returned === undefined ? { output: null, below: `${BEGUN}/${indexText(context.attempt)}` } : { output: await parse(returned) };
    },
  );
  const node: HandlerNode = {
    ...inner,
    signals: new Map(),
    pathBytes: name.length + 1 + untilBytesOfCalling,
    answers: new Map([["", output]]),
    awaits: (path, attempt) => [namesOf(path, attempt).answer],
    skips: (path) => [{ path, floor: "over" }],
    begin: (path) => beginCalling(path, { node, output, timeoutMs, heartbeatMs }),
    holds: holdsOfCalling,
  };
  return node;
}

function resolveOptions(options: AnyCallbackOptions, handler: unknown) {
  const { timeout, heartbeat, retry, handlerTimeout } = optionsOf("a callback", options, OPTION_NAMES);
  requireFunction(handler, "it has no handler: write ({ input }, { callback }) => …");
  if (timeout === undefined) throw new TypeError('it has no timeout: say how long the answer may take, such as timeout: "6 hours"');
  const { output } = options;
  if (!isSchema(output)) throw new TypeError("it has no output: give it a schema of zod, such as z.json()");
  const timeoutMs = toSleepMilliseconds(timeout);
  if (timeoutMs === 0) throw new TypeError(`its timeout of "${timeout}" leaves no time for an answer: use at least "1 millisecond"`);
  const heartbeatMs = heartbeat === undefined ? undefined : toMilliseconds(heartbeat);
  if (heartbeatMs !== undefined && (heartbeatMs === 0 || heartbeatMs >= timeoutMs))
    throw new TypeError(`its heartbeat of "${heartbeat}" is none: take more than nothing, and less than its timeout`);
  return { output, timeoutMs, heartbeatMs, retry, handlerTimeout };
}
