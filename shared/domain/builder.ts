/** What is behind the methods of a workflow and of the chains below its nodes. */
import { createChain, type Chain } from "./chain.ts";
import { InvalidWorkflowError } from "./errors.ts";
import { namePattern, nameRule } from "./name.ts";
import type { Node } from "./node.ts";
import { allNode } from "./nodes/all.ts";
import { approvalNode, type AnyApprovalOptions } from "./nodes/approval.ts";
import { childNode, type ChildArguments, type ChildWorkflow } from "./nodes/child.ts";
import { callbackNode, type AnyCallbackHandler, type AnyCallbackOptions } from "./nodes/callback.ts";
import { chooseNode, type AnyPick } from "./nodes/choose.ts";
import { endNode } from "./nodes/end.ts";
import type { AnyHandler, HandlerArguments } from "./nodes/handler.ts";
import { mapNode } from "./nodes/map.ts";
import type { AnyMapOptions } from "./nodes/map-options.ts";
import { mapRunsNode } from "./nodes/map-runs.ts";
import { repeatNode, type AnyRepeatOptions } from "./nodes/repeat.ts";
import { scriptNode, type ScriptArguments } from "./nodes/script.ts";
import { sleepNode, type AnyDuration } from "./nodes/sleep.ts";
import { sqlNode } from "./nodes/sql.ts";
import { stepNode } from "./nodes/step.ts";
import { waitForNode, type AnyWaitOptions } from "./nodes/wait-for.ts";
import type { Parts } from "./parts.ts";
import { MAX_PATH_BYTES } from "./path.ts";

/** How deep chains may be below one another. */
const MAX_DEPTH = 8;

/** Where a chain is being built. */
export interface Site {
  readonly workflow: string;
  /** The nodes that it is below, from the workflow's own on. */
  readonly above: readonly string[];
  /** What its handlers see beside its own nodes. */
  readonly taken: ReadonlySet<string>;
  /** It may end the run: all around it is `choose`. */
  readonly mayEnd: boolean;
}

/** A function that adds nodes to a chain, as an author writes it. */
type Build = (chain: Methods) => unknown;

/** The run-time side of a chain: its methods, without the types that follow the state. */
export interface Methods {
  readonly nodes: readonly Node[];
  step(name: string, ...rest: HandlerArguments): Methods;
  sql(name: string, ...rest: HandlerArguments): Methods;
  sleep(name: string, duration: AnyDuration): Methods;
  script(name: string, ...rest: ScriptArguments): Methods;
  waitFor(name: string, options: AnyWaitOptions): Methods;
  approval(name: string, options: AnyApprovalOptions): Methods;
  callback(name: string, options: AnyCallbackOptions, handler: AnyCallbackHandler): Methods;
  child(name: string, ...rest: ChildArguments): Methods;
  all(name: string, branches: Readonly<Record<string, Build>>): Methods;
  choose(name: string, pick: AnyPick, arms: Readonly<Record<string, Build>>): Methods;
  map(name: string, options: AnyMapOptions, each: Build | ChildWorkflow, ending?: Partial<AnyMapOptions>): Methods;
  repeat(name: string, options: AnyRepeatOptions, build: Build, ending?: Partial<AnyRepeatOptions>): Methods;
}

/** What makes a chain of its nodes: the workflow itself, or what stands below a node. */
type Close = (nodes: readonly Node[], methods: Omit<Methods, "nodes">) => Methods;

/** A chain of these nodes, with methods that make one of one more. */
export function buildChain(site: Site, nodes: readonly Node[], close: Close): Methods {
  const append = (name: string, make: (below: Site) => Node): Methods => {
    checkName(site, nodes, name);
    const below = { ...site, above: [...site.above, name], taken: new Set([...site.taken, ...nodes.map((node) => node.name)]) };
    return buildChain(site, [...nodes, blame(site, name, () => checkQueue(site, checkPath(make(below))))], close);
  };
  return close(nodes, {
    step: (name, ...rest) => append(name, () => stepNode(name, ...rest)),
    sql: (name, ...rest) => append(name, () => sqlNode(name, ...rest)),
    sleep: (name, duration) => append(name, () => sleepNode(name, duration)),
    script: (name, ...rest) => append(name, () => scriptNode(name, ...rest)),
    waitFor: (name, options) => append(name, () => waitForNode(name, options)),
    approval: (name, options) => append(name, () => approvalNode(name, options)),
    callback: (name, options, handler) => append(name, () => callbackNode(name, options, handler)),
    child: (name, ...rest) => append(name, () => childNode(name, ...rest)),
    all: (name, branches) => append(name, (below) => allNode(name, buildParts({ ...below, mayEnd: false }, branches, "branch"))),
    choose: (name, pick, arms) => append(name, (below) => chooseNode(name, pick, buildParts(below, arms, "arm"))),
    map: (name, options, each, ending) => append(name, (below) => mapOf(below, name, { ...options, ...ending }, each)),
    repeat: (name, options, build, ending) =>
      append(name, (below) => repeatNode(name, { ...options, ...ending }, buildBelow(seeing(below, ["index", "previous"]), build))),
  });
}

function mapOf(below: Site, name: string, options: AnyMapOptions, each: Build | ChildWorkflow): Node {
  if (options.as === "runs") return mapRunsNode(name, options, each as ChildWorkflow);
  if (options.as !== undefined) throw new TypeError(`its as is ${JSON.stringify(options.as)}: write as: "runs", or leave it out`);
  return mapNode(name, options, buildBelow(seeing(below, ["item", "index"]), each as Build));
}

function buildParts(site: Site, builds: Readonly<Record<string, Build>>, what: string): Parts {
  if (typeof builds !== "object" || builds === null) throw new TypeError(`it has no ${what}: write { name: (chain) => chain.step(…) }`);
  const parts = Object.entries(builds);
  if (parts.length === 0) throw new TypeError(`it has no ${what}: add one`);
  return new Map(
    parts.map(([part, build]) => {
      if (!namePattern.test(part)) throw new TypeError(`its ${what} "${part}" has no name that can be stored: ${nameRule}`);
      return [part, buildBelow(site, build)];
    }),
  );
}

/** What a map or a repeat says of the turn is no name for a node below. */
function seeing(site: Site, more: readonly string[]): Site {
  return { ...site, mayEnd: false, taken: new Set([...site.taken, ...more]) };
}

function buildBelow(site: Site, build: Build): Chain {
  if (typeof build !== "function") throw new TypeError("it has no chain: write (chain) => chain.step(…)");
  if (site.above.length > MAX_DEPTH) throw new TypeError(`it is nested deeper than ${MAX_DEPTH}: make its chain a workflow of its own`);
  const built = build(buildChain(site, [], (nodes, methods) => open(site, nodes, methods)));
  if (!(built instanceof Object) || !below.has(built)) throw new TypeError("its chain is not returned: write (chain) => chain.step(…)");
  return createChain((built as Methods).nodes);
}

/** Chains that were made here. */
const below = new WeakSet<object>();

function open(site: Site, nodes: readonly Node[], methods: Omit<Methods, "nodes">): Methods {
  const end = (handler: AnyHandler) => remember({ nodes: [...nodes, blame(site, "end", () => endNode(handler))] });
  return remember({ nodes, ...methods, ...(site.mayEnd && { end }) }) as Methods;
}

function remember<Value extends object>(chain: Value): Value {
  below.add(Object.freeze(chain));
  return chain;
}

function checkName({ workflow, above, taken }: Site, nodes: readonly Node[], name: string): void {
  const refuse = (problem: string) => new InvalidWorkflowError(workflow, [...above, name].join("/"), problem);
  if (typeof name !== "string" || !namePattern.test(name)) throw refuse(nameRule);
  if (name === "input") throw refuse("this is the name of the run's input: choose another");
  if (nodes.some((node) => node.name === name) || taken.has(name)) throw refuse("this name is already in this workflow");
}

function checkPath(node: Node): Node {
  if (node.pathBytes <= MAX_PATH_BYTES) return node;
  throw new TypeError(`the longest path of its rows has ${node.pathBytes} bytes, more than ${MAX_PATH_BYTES}: use shorter names`);
}

function checkQueue({ above }: Site, node: Node): Node {
  if (node.on === undefined || above.length === 0) return node;
  throw new TypeError(
    `its on is below "${above.join("/")}", and a run goes to another queue as a whole: give it to a node of the workflow's own chain, or to a workflow that is started by child`,
  );
}

/** Says which node of which workflow was being built when a policy or a duration was refused. */
function blame({ workflow, above }: Site, name: string, build: () => Node): Node {
  try {
    return Object.freeze(build());
  } catch (cause) {
    if (cause instanceof InvalidWorkflowError) throw cause;
    throw new InvalidWorkflowError(workflow, [...above, name].join("/"), (cause as Error).message.replace(/\.$/, ""), { cause });
  }
}
