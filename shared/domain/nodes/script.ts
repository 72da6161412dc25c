import type * as z from "zod";
import type { Memos } from "../memos.ts";
import { noMemos } from "../memos.ts";
import type { HandlerNode, StepContext } from "../node.ts";
import { isReadWhole } from "../parts.ts";
import { MAX_PATH_BYTES } from "../path.ts";
import type { RetryPolicy } from "../retry-policy.ts";
import { isMemoPath, runScript } from "../script-steps.ts";
import { isRow, noTries, Over, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import type { MaybePromise, RefuseUnlessJson, Stored } from "../storable.ts";
import type { Grown, JsonSchema, NewName, Place } from "../workflow-types.ts";
import { handlerNode, outputParser, splitArguments, type AnyOptions, type WithoutOutput, type WithOutput } from "./handler.ts";

/** What one step inside a script may be given. */
export interface ScriptStepOptions {
  /** What it is done for, such as an order's number, where the name is the same for several. */
  readonly of?: string | number;
  /**
   * Default: one attempt, whose error the script sees. Retries wait inside the script, within its
   * timeout.
   */
  readonly retry?: RetryPolicy;
}

/**
 * Does something once: what it returned is stored, and answers whenever the script starts again.
 */
export interface ScriptStep {
  <Returned = null>(
    name: string,
    run: ((context: StepContext) => MaybePromise<Returned>) & RefuseUnlessJson<Returned>,
  ): Promise<NoInfer<Stored<Returned>>>;
  <Returned = null>(
    name: string,
    options: ScriptStepOptions & { readonly output?: never },
    run: ((context: StepContext) => MaybePromise<Returned>) & RefuseUnlessJson<Returned>,
  ): Promise<NoInfer<Stored<Returned>>>;
  <Output extends JsonSchema>(
    name: string,
    options: ScriptStepOptions & { readonly output: Output },
    run: (context: StepContext) => MaybePromise<z.input<Output>>,
  ): Promise<z.output<Output>>;
}

/** What a script is given beside the state. */
export interface ScriptContext extends StepContext {
  readonly step: ScriptStep;
}

/** A script: plain code, of which only its steps are stored. */
export type Script<State, Returned> = (state: Readonly<State>, context: ScriptContext) => MaybePromise<Returned>;

/** How a chain gets code in one node. */
export interface ScriptMethods<Of extends Place, State> {
  /**
   * Runs plain code whose steps are stored one by one. After a crash or a failed attempt it starts
   * from its top, and steps that are stored answer at once, found by their names: nothing in it
   * must be deterministic.
   */
  script<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    handler: Script<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  script<const NodeName extends string, Returned = null>(
    name: NewName<State, NodeName>,
    options: WithoutOutput,
    handler: Script<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, NodeName, NoInfer<Stored<Returned>>>;
  script<const NodeName extends string, Output extends JsonSchema>(
    name: NewName<State, NodeName>,
    options: WithOutput<Output>,
    handler: Script<State, z.input<Output>>,
  ): Grown<Of, State, NodeName, z.output<Output>>;
}

/** A workflow that is one script. */
export interface RunMethods<Of extends Place, State> {
  /** Makes plain code of the whole workflow: a chain of one script, called "run". */
  run<Returned = null>(handler: Script<State, Returned> & RefuseUnlessJson<Returned>): Grown<Of, State, "run", NoInfer<Stored<Returned>>>;
  run<Returned = null>(
    options: WithoutOutput,
    handler: Script<State, Returned> & RefuseUnlessJson<Returned>,
  ): Grown<Of, State, "run", NoInfer<Stored<Returned>>>;
  run<Output extends JsonSchema>(
    options: WithOutput<Output>,
    handler: Script<State, z.input<Output>>,
  ): Grown<Of, State, "run", z.output<Output>>;
}

export type AnyScript = (state: never, context: ScriptContext) => unknown;
export type ScriptArguments = [AnyScript] | [AnyOptions, AnyScript];

/**
 * A node of code. Its row, at its own path, is its output; its steps have theirs at `x/name` or
 * `x/name/of`, and count until it is over.
 */
export function scriptNode(name: string, ...given: ScriptArguments): HandlerNode {
  const [{ when, undo, ...others }, script] = splitArguments<AnyScript>(given, "it has no code: write async (state, { step }) => …");
  if (when !== undefined) throw new TypeError("it has a when, which a step may have: use choose, or an if in the script");
  if (undo !== undefined) throw new TypeError("it has an undo, which a step may have: what a script does, it takes back itself");
  const parse = outputParser(others.output);
  const node = handlerNode("script", name, others, async (state, context, memory) => ({
    output: await parse(await runScript(script as never, state, context, memory)),
  }));
  return {
    ...node,
    pathBytes: Math.min(MAX_PATH_BYTES, name.length + 64),
    begin: (path) => new Writing(node, path, noTries, noMemos),
    skips: (path) => [{ path, floor: "over" }],
    holds: (below) => below === "" || isMemoPath(below),
  };
}

/** A script that has no output yet. */
class Writing implements Standing {
  readonly output = undefined;
  private readonly node: HandlerNode;
  private readonly path: string;
  private readonly tries: Tries;
  private readonly memos: Memos;

  constructor(node: HandlerNode, path: string, tries: Tries, memos: Memos) {
    this.node = node;
    this.path = path;
    this.tries = tries;
    this.memos = memos;
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  get bytes(): number {
    return this.memos.bytes;
  }

  take(path: string, fact: Fact): Standing {
    if (!isRow(fact)) return this.with(path === this.path || fact.fatal !== undefined ? { tries: fact } : {});
    return path === this.path ? new Over(fact.output, fact.bytes + this.keptBytes) : this.with({ memos: this.memos.append(path, fact) });
  }

  /** What a claim reads beside its output, once it is over. */
  private get keptBytes(): number {
    return isReadWhole(this.path) ? this.memos.bytes : 0;
  }

  private with({ tries = this.tries, memos = this.memos }): Standing {
    return tries === this.tries && memos === this.memos ? this : new Writing(this.node, this.path, tries, memos);
  }

  wake(now: number): Standing {
    return this.with({ tries: wakeTries(this.tries, now) });
  }

  look(scene: Scene): Look {
    const { path, node, memos } = this;
    const { notBefore: until, failures, forgiven } = this.tries;
    if (until !== undefined) return { moves: [], until };
    return { moves: [{ do: "attempt", path, node, attempt: failures + 1, forgiven, memos, state: () => scene.state() }] };
  }
}
