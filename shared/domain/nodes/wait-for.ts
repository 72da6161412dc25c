import type * as z from "zod";
import { now } from "../author.ts";
import { toSleepMilliseconds, type Duration } from "../duration.ts";
import { namePattern, nameRule } from "../name.ts";
import type { Node, State } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import type { Grown, JsonSchema, NewName, Place } from "../workflow-types.ts";
import { isSchema } from "./handler.ts";
import { isUntil, untilBytes } from "./deadline.ts";
import { KEY, Waiting, type Wanted } from "./waiting.ts";

/** How long a node waits for signals, and what becomes of it then. */
export interface WaitOptions<State, OnTimeout extends "fail" | "continue"> {
  /**
   * A business key, such as an order's number, by which its signals may be sent too: 1 to 255
   * visible ASCII characters. One run at a time has it, from when it waits until it has ended.
   */
  readonly key?: (state: Readonly<Pick<State, "input" & keyof State>>) => string;
  /** From when the node is reached, by the database's clock; up to ten years. */
  readonly timeout: Duration | ((state: Readonly<State>) => Duration);
  /** Fail the run (default), or go on with null as the output. */
  readonly onTimeout?: OnTimeout;
}

/** Schemas by the name of their signal. */
type Signals = Readonly<Record<string, JsonSchema>>;
type OrNull<OnTimeout, Output> = OnTimeout extends "continue" ? Output | null : Output;

/** The one of several signals that came. */
export type Signalled<Any extends Signals> = {
  [Name in keyof Any & string]: { readonly name: Name; readonly payload: z.output<Any[Name]> };
}[keyof Any & string];

/** How a chain waits for signals. */
export interface WaitMethods<Of extends Place, State> {
  /**
   * Waits for a signal of the node's name, without a statement meanwhile: the output is its
   * payload. With `any` it waits for the first of several, with `all` for each of them. One that
   * came before is taken at once; each is taken once, in the order in which they came.
   */
  waitFor<const NodeName extends string, Output extends JsonSchema, const OnTimeout extends "fail" | "continue" = "fail">(
    name: NewName<State, NodeName>,
    options: WaitOptions<State, OnTimeout> & { readonly output: Output; readonly any?: never; readonly all?: never },
  ): Grown<Of, State, NodeName, OrNull<OnTimeout, z.output<Output>>>;
  waitFor<const NodeName extends string, const Any extends Signals, const OnTimeout extends "fail" | "continue" = "fail">(
    name: NewName<State, NodeName>,
    options: WaitOptions<State, OnTimeout> & { readonly any: Any; readonly output?: never; readonly all?: never },
  ): Grown<Of, State, NodeName, OrNull<OnTimeout, Signalled<Any>>>;
  waitFor<const NodeName extends string, const All extends Signals, const OnTimeout extends "fail" | "continue" = "fail">(
    name: NewName<State, NodeName>,
    options: WaitOptions<State, OnTimeout> & { readonly all: All; readonly output?: never; readonly any?: never },
  ): Grown<Of, State, NodeName, OrNull<OnTimeout, { readonly [Name in keyof All]: z.output<All[Name]> }>>;
}

export interface AnyWaitOptions {
  readonly key?: ((state: State) => unknown) | undefined;
  readonly output?: JsonSchema | undefined;
  readonly any?: Signals | undefined;
  readonly all?: Signals | undefined;
  readonly timeout: Duration | ((state: State) => Duration);
  readonly onTimeout?: "fail" | "continue" | undefined;
}

const OPTION_NAMES = ["output", "any", "all", "key", "timeout", "onTimeout"];

/**
 * A node that waits for signals. `x/~until/00000` says until when, stored when it is reached; a
 * redrive after a timeout makes `00001`. `x/~key` is its key. Its own row is the payload,
 * of `any` `{ name, payload }`, of `all` an object by name, and null after a timeout that
 * continues. With `all` those that came before the last are at `x/name`.
 */
export function waitForNode(name: string, options: AnyWaitOptions): Node {
  const wanted = resolveOptions(name, options);
  const names = [...wanted.schemas.keys()];
  const signals = new Map([...wanted.schemas].map(([signal, schema]) => [signal, [schema]]));
  const longest = wanted.form === "all" ? Math.max(...names.map(({ length }) => length)) : 0;
  return {
    kind: "waitFor",
    name,
    shape: `waitFor:${name}${wanted.form === "one" ? "" : `(${wanted.form}=${names.join(",")})`}`,
    timeoutsMs: [],
    pathBytes: name.length + 1 + Math.max(longest, untilBytes),
    rowIsOutput: true,
    signals,
    ...(wanted.keyOf !== undefined && { keyed: signals }),
    begin: (path) => Waiting.begin(path, wanted),
    holds: (below) => below === "" || below === KEY || isUntil(below) || (wanted.form === "all" && wanted.schemas.has(below)),
  };
}

function resolveOptions(name: string, options: AnyWaitOptions): Wanted {
  const { output, any, all, key: keyOf, timeout, onTimeout = "fail" } = optionsOf("a waitFor", options, OPTION_NAMES);
  if (timeout === undefined) throw new TypeError('it has no timeout: say how long it waits, such as timeout: "30 days"');
  if (onTimeout !== "fail" && onTimeout !== "continue")
    throw new TypeError(`its onTimeout is ${JSON.stringify(onTimeout)}: use "fail" or "continue"`);
  if (keyOf !== undefined) requireFunction(keyOf, "its key is no function: write ({ input }) => input.orderId");
  const timeoutOf =
    typeof timeout === "function" ? (state: State) => toSleepMilliseconds(now(timeout(state), "its timeout")) : fixed(timeout);
  const form = output !== undefined ? "one" : any !== undefined ? "any" : "all";
  if ([output, any, all].filter((each) => each !== undefined).length !== 1)
    throw new TypeError("it says what it waits for in not exactly one way: use output, any or all");
  return { form, schemas: schemasOf(output === undefined ? (any ?? all)! : { [name]: output }), keyOf, timeoutOf, onTimeout };
}

function fixed(timeout: Duration): () => number {
  const milliseconds = toSleepMilliseconds(timeout);
  return () => milliseconds;
}

function schemasOf(signals: Signals): ReadonlyMap<string, JsonSchema> {
  const schemas = new Map(Object.entries(signals));
  if (schemas.size === 0) throw new TypeError("it waits for no signal: name one with its schema");
  for (const [name, schema] of schemas) {
    if (!namePattern.test(name)) throw new TypeError(`its signal "${name}" has no name that can be sent: ${nameRule}`);
    if (!isSchema(schema)) throw new TypeError(`its signal "${name}" has no schema: give it one of zod, such as z.json()`);
  }
  return schemas;
}
