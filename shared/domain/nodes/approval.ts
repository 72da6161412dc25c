import { now } from "../author.ts";
import { toSleepMilliseconds, type Duration } from "../duration.ts";
import { namePattern, nameRule } from "../name.ts";
import type { HandlerNode, Node, State, StepContext } from "../node.ts";
import { optionsOf, requireFunction } from "../options.ts";
import type { RetryPolicy } from "../retry-policy.ts";
import type { MaybePromise } from "../storable.ts";
import type { Grown, NewName, Place } from "../workflow-types.ts";
import { answerTo, approvalBytes, beginApproving, EXPIRED, holdsOfApproving } from "./approving.ts";
import { handlerNode } from "./handler.ts";

/** What the function that asks is given beside the state. */
export interface ApprovalContext<Choice extends string> extends StepContext {
  /** A page for each choice, on which it is made: following a link changes nothing. */
  readonly links: { readonly [Name in Choice]: string };
  /** Until when, as ISO 8601 in UTC. */
  readonly deadline: string;
}

/** What an approval came to. */
export interface Approval<Choice extends string> {
  /** "expired": nobody made a choice in time. */
  readonly decision: Choice | "expired";
  /** As whoever decided called himself. */
  readonly by: string | null;
  /** When it was decided or expired, as ISO 8601 in UTC. */
  readonly at: string;
  readonly comment: string | null;
}

/** What an approval asks for. */
export interface ApprovalOptions<State, Choice extends string> {
  /** Up to 10, each with a name as of a node. */
  readonly choices: readonly Choice[];
  /** From when the node is reached, by the database's clock; up to ten years. */
  readonly timeout: Duration | ((state: Readonly<State>) => Duration);
  /** Sends the links to who decides. It is a step: run at least once, and again after a redrive. */
  readonly ask: (state: Readonly<State>, context: ApprovalContext<NoInfer<Choice>>) => MaybePromise<unknown>;
  /** Of `ask`. Default: 4 attempts, 1 second doubling up to 5 minutes, full jitter. */
  readonly retry?: RetryPolicy;
}

/** How a chain waits for somebody's decision. */
export interface ApprovalMethods<Of extends Place, State> {
  /**
   * Asks somebody to choose, and waits for the choice without a statement meanwhile. `ask` is given
   * a link for each; the first choice counts. A link is dead once there is a decision, when the
   * time is over, and when the run is cancelled or redriven.
   */
  approval<const NodeName extends string, const Choice extends string>(
    name: NewName<State, NodeName>,
    options: ApprovalOptions<State, Choice>,
  ): Grown<Of, State, NodeName, Approval<Choice>>;
}

export type AnyApprovalOptions = ApprovalOptions<never, string>;

const OPTION_NAMES = ["choices", "timeout", "ask", "retry"];
const MOST_CHOICES = 10;

/**
 * A node that waits for a decision. `x/~until/00000` says until when, and `x/~asked/00000` that
 * the links are out; a redrive makes `00001`. Its own row is its output.
 */
export function approvalNode(name: string, options: AnyApprovalOptions): Node {
  const { choices, timeoutOf, ask, retry } = resolveOptions(options);
  const sending = handlerNode("approval", name, retry === undefined ? {} : { retry }, async (state, context) => {
    await ask(state as never, context as ApprovalContext<string>);
    return { output: null };
  });
  const asking: HandlerNode = { ...sending, awaits: (path) => [answerTo(path)] };
  return {
    kind: "approval",
    name,
    shape: `approval:${name}(${choices.join(",")})`,
    timeoutsMs: asking.timeoutsMs,
    pathBytes: name.length + 1 + approvalBytes,
    rowIsOutput: true,
    signals: new Map(),
    skips: (path) => [{ path, floor: "over" }],
    begin: (path) => beginApproving(path, { choices, timeoutOf, asking }),
    holds: holdsOfApproving,
  };
}

function resolveOptions(options: AnyApprovalOptions) {
  optionsOf("an approval", options, OPTION_NAMES);
  const { choices, timeout, ask, retry } = options ?? {};
  requireFunction(ask, "it asks nobody: write ask: ({ input }, { links }) => …, which sends the links");
  if (timeout === undefined) throw new TypeError('it has no timeout: say how long it waits, such as timeout: "3 days"');
  checkChoices(choices);
  const timeoutOf =
    typeof timeout === "function" ? (state: State) => toSleepMilliseconds(now(timeout(state as never), "its timeout")) : fixed(timeout);
  return { choices, timeoutOf, ask, retry };
}

function fixed(timeout: Duration): () => number {
  const milliseconds = toSleepMilliseconds(timeout);
  return () => milliseconds;
}

function checkChoices(choices: readonly string[] | undefined): void {
  if (!Array.isArray(choices) || choices.length === 0 || choices.length > MOST_CHOICES || new Set(choices).size < choices.length)
    throw new TypeError(`it needs 1 to ${MOST_CHOICES} different choices, such as choices: ["approve", "reject"]`);
  for (const choice of choices as readonly string[]) {
    if (!namePattern.test(choice)) throw new TypeError(`its choice "${choice}" has no name that can be stored: ${nameRule}`);
    if (choice === EXPIRED) throw new TypeError(`its choice "${EXPIRED}" is what it comes to without one: take another word`);
  }
}
