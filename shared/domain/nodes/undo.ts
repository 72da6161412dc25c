import { toMilliseconds, type Duration } from "../duration.ts";
import type { Json } from "../json.ts";
import type { Attempted, HandlerNode, State, StepContext, Undo } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import { resolveRetry, type RetryPolicy } from "../retry-policy.ts";
import type { MaybePromise } from "../storable.ts";

/**
 * Takes back what a node has done, when its run has failed for good: it gets the node's output, the
 * state as the node saw it, and a context whose idempotency key is its own. What it returns is not
 * stored.
 */
export interface UndoHandler<Output, State, Returned = unknown> {
  (output: Output, state: Readonly<State>, context: StepContext): MaybePromise<Returned>;
  /** Never there: it tells TypeScript a function from a form. */
  readonly evenIfFailed?: undefined;
}

/** How an undo is attempted. */
interface UndoPolicy {
  /** Default: that of its node. */
  readonly retry?: RetryPolicy;
  /** How long one attempt may take. Default: that of its node. */
  readonly timeout?: Duration;
}

/** An undo with more said of it. */
export type UndoForm<Output, State, Returned = unknown> =
  | (UndoPolicy & { readonly run: UndoHandler<Output, State, Returned>; readonly evenIfFailed?: false | undefined })
  | (UndoPolicy & {
      readonly run: UndoHandler<Output | null, State, Returned>;
      /**
       * The node is taken back too where it failed, or began and brought nothing: what it did may
       * have happened. Its output is null then.
       */
      readonly evenIfFailed: true;
    });

/** The undo of a node. */
export interface Undone<Output, State, Returned = unknown> {
  /** What takes back what the node has done. */
  readonly undo?: UndoHandler<Output, State, Returned> | UndoForm<Output, State, Returned>;
}

/** The same before TypeScript has seen what the handler returns: after the handler it is typed. */
// oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of the output here
export type UntypedUndo<State, Returned = unknown> = Undone<any, State, Returned>;

export type AnyUndoHandler = (output: Json, state: State, context: StepContext) => unknown;
interface AnyUndoForm extends UndoPolicy {
  readonly run: AnyUndoHandler;
  readonly evenIfFailed?: boolean;
}
export type AnyUndo = AnyUndoHandler | AnyUndoForm;

/** How much longer a path is at which an undo is stored. */
export const UNDO = "~undo/";
const OPTION_NAMES = ["run", "retry", "timeout", "evenIfFailed"];

/** Calls an undo, and says what is stored of it. */
export type CallUndo = (call: () => unknown) => Promise<Attempted>;

/** What an undo returns is no output of anything. */
export const callStep: CallUndo = async (call) => {
  await call();
  return { output: null };
};

/** A node with its undo, where it has one. */
export function withUndo(node: HandlerNode, undo: AnyUndo | undefined, call: CallUndo): HandlerNode {
  if (undo === undefined) return node;
  const resolved = resolveUndo(node, undo, call);
  const timeoutsMs = [...node.timeoutsMs, resolved.policy.timeoutMs];
  return { ...node, undo: resolved, undoes: true, timeoutsMs, pathBytes: node.pathBytes + UNDO.length };
}

function resolveUndo(node: HandlerNode, given: AnyUndo, call: CallUndo): Undo {
  const { run, retry, timeout, evenIfFailed = false } = formOf(given);
  requireFunction(run, "its undo has no function: write undo: { run: (output, { input }) => …, … }");
  if (typeof evenIfFailed !== "boolean") throw new TypeError(`its undo's evenIfFailed is ${String(evenIfFailed)}: write true or false`);
  const timeoutMs = timeout === undefined ? node.timeoutMs : toMilliseconds(timeout);
  if (timeoutMs === 0) throw new TypeError(`its undo's timeout of "${timeout}" leaves no time: use at least "1 millisecond"`);
  return {
    policy: { kind: node.kind, retry: retry === undefined ? node.retry : resolveRetry(retry), timeoutMs },
    evenIfFailed,
    run: (output, state, context) => call(() => run!(output, state, context)),
  };
}

function formOf(given: AnyUndo): Partial<AnyUndoForm> {
  return typeof given === "function" ? { run: given } : optionsOf<AnyUndoForm>("an undo", given, OPTION_NAMES);
}
