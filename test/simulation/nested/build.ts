import * as z from "zod";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import type { ApprovalContext } from "../../../shared/domain/nodes/approval.ts";
import type { CallbackContext } from "../../../shared/domain/nodes/callback.ts";
import type { Json } from "../../../shared/domain/json.ts";
import { defineWorkflow, Ending, workflowOf, type StepContext } from "../../../shared/index.ts";
import { armAt, CHOICES, itemsOf, passesAt, runsAt } from "./behaviour.ts";
import { collect, nothingCollected } from "./expectation.ts";
import { indexText, keyOf, keyOfChild } from "./spec.ts";
import type {
  ApprovalSpec,
  CallbackSpec,
  ChainSpec,
  ChildSpec,
  ChooseSpec,
  HandlerSpec,
  MapSpec,
  NodeSpec,
  RepeatSpec,
  SleepSpec,
  WaitSpec,
  WorkflowSpec,
} from "./spec.ts";
import { TIMEOUT_MS, type Stage, type State } from "./stage.ts";

/** A chain without the types that follow its state. */
interface Untyped {
  [method: string]: (...given: unknown[]) => Untyped;
}

/** What is before the names of the nodes of a chain in their paths, by the state that they see. */
type Locate = (state: State) => string;

/** Makes the workflow of a spec, with functions of the stage, and those that it starts. */
export function buildWorkflows(spec: WorkflowSpec, stage: Stage): readonly AnyWorkflow[] {
  const builder = new Builder(stage);
  builder.workflow(spec);
  return builder.built;
}

class Builder {
  readonly #stage: Stage;
  readonly built: AnyWorkflow[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  workflow({ name, chain, hooks = {} }: WorkflowSpec): AnyWorkflow {
    const { failed, ended } = hooks;
    const whenFailed = failed === undefined ? {} : { whenFailed: this.#hook(failed) };
    const whenEnded = ended === undefined ? {} : { whenEnded: this.#hook(ended) };
    const begun = defineWorkflow({ name, version: 1, input: z.object({ run: z.string() }), ...whenFailed, ...whenEnded });
    const workflow = this.chain(begun as unknown as Untyped, chain, () => "") as unknown as AnyWorkflow;
    this.built.push(workflow);
    return workflow;
  }

  /** It would follow its own endings too, if anything followed those of a hook's run. */
  #hook(name: string) {
    const retry = { maxAttempts: 1_000, backoff: "900 milliseconds" } as const;
    const hook = defineWorkflow({ name, version: 1, input: Ending, whenEnded: { name, version: 1 } }).step(
      "told",
      { retry },
      (_, context) => this.#stage.hook(context),
    );
    this.built.push(hook);
    return hook;
  }

  chain(begun: Untyped, { nodes, end }: ChainSpec, locate: Locate): Untyped {
    const chain = nodes.reduce((grown, node) => this.#node(grown, node, locate), begun);
    return end === undefined ? chain : chain["end"]!((state: State, context: StepContext) => this.#stage.step(end, state, context));
  }

  #node(chain: Untyped, node: NodeSpec, locate: Locate): Untyped {
    const { kind, name } = node;
    const pathIn: Locate = (state) => locate(state) + name;
    const below = (inner: ChainSpec, at: Locate) => (begun: Untyped) => this.chain(begun, inner, at);
    if (kind === "waitFor") return chain["waitFor"]!(name, waitOptions(node));
    if (kind === "approval") return chain["approval"]!(name, this.#approval(node));
    if (kind === "callback") return chain["callback"]!(name, callbackOptions(node), this.#calling(node));
    if (kind === "child") return chain["child"]!(name, ...this.#child(node, pathIn));
    if (kind === "sleep") return chain["sleep"]!(name, this.#duration(node, pathIn));
    if (kind === "map")
      return chain["map"]!(
        name,
        this.#mapping(node, pathIn),
        below(node.chain, ({ item }) => (item as Item).at),
      );
    if (kind === "repeat") return chain["repeat"]!(name, this.#looping(node), below(node.chain, locatePass(node, pathIn)));
    if (kind !== "all" && kind !== "choose") return chain[kind]!(name, this.#options(node, pathIn), this.#handler(node));
    const parts = Object.fromEntries(
      Object.entries(node.parts).map(([part, inner]) => [part, below(inner, (state) => `${pathIn(state)}/${part}/`)]),
    );
    return kind === "all" ? chain["all"]!(name, parts) : chain["choose"]!(name, this.#pick(node, pathIn), parts);
  }

  #handler(node: HandlerSpec): (state: State, context: StepContext) => Promise<unknown> {
    return (state, context) => (node.kind === "sql" ? this.#stage.sql(node, state, context) : this.#stage.step(node, state, context));
  }

  #approval(node: ApprovalSpec) {
    const ask = (state: State, context: ApprovalContext<string>) => this.#stage.approval(node, state, context);
    return { choices: CHOICES, timeout: timeoutOf(node), ask, retry: node.ask.retry };
  }

  #calling(node: CallbackSpec) {
    return (state: State, context: CallbackContext) => this.#stage.callback(node, state, context);
  }

  #child({ of, detachedMs, isElsewhere }: ChildSpec, pathIn: Locate): unknown[] {
    const built = this.workflow(of);
    const workflow = isElsewhere ? workflowOf({ name: of.name, version: 1 }) : built;
    const input = (state: State) => {
      const path = pathIn(state);
      const key = keyOfChild((state["input"] as { run: string }).run, path);
      const marks = Array.from({ length: MOST_MARKS }, (_, redrives) => `${path}/~child/${indexText(redrives)}`);
      return this.#stage.ask(state, path, [path, ...marks], { run: key }, { run: `${key}!` });
    };
    const options = detachedMs === undefined ? [] : [{ detach: true, ...(detachedMs > 0 && { delay: `${detachedMs} milliseconds` }) }];
    return [...options, workflow, input];
  }

  #undo(node: HandlerSpec) {
    if (node.undo === undefined) return {};
    const retry = { maxAttempts: 1_000, backoff: "900 milliseconds", maxBackoff: "4 seconds" };
    const run = (output: Json, state: State, context: StepContext) => this.#stage.undo(node, output, state, context);
    return { undo: { run, retry, evenIfFailed: node.undo.evenIfFailed } };
  }

  #options(node: HandlerSpec, pathIn: Locate) {
    const when = (state: State) => {
      const path = pathIn(state);
      return this.#stage.ask(state, path, [path, `${path}/~when`], runsAt(node, path), !runsAt(node, path));
    };
    return { retry: node.retry, timeout: `${TIMEOUT_MS} milliseconds`, ...(node.when !== undefined && { when }), ...this.#undo(node) };
  }

  #duration({ ms, computed }: SleepSpec, pathIn: Locate): unknown {
    if (!computed) return `${ms} milliseconds`;
    return (state: State) => this.#stage.ask(state, pathIn(state), [pathIn(state)], `${ms} milliseconds`, "0 seconds");
  }

  #pick(node: ChooseSpec, pathIn: Locate): (state: State) => string {
    const arms = Object.keys(node.parts);
    return (state) => {
      const path = pathIn(state);
      const arm = armAt(node, path);
      return this.#stage.ask(state, path, [path], arm, arms[(arms.indexOf(arm) + 1) % arms.length]!);
    };
  }

  #mapping(node: MapSpec, pathIn: Locate) {
    const over = (state: State) => {
      const path = pathIn(state);
      const items = itemsOf(node, path);
      return this.#stage.ask(state, path, [path], items, [{ at: "another/" }, ...items]);
    };
    const { concurrency, tolerate, collects } = node;
    const collected = (sum: unknown, value: unknown, index: number) => collect(sum as never, value, index, tolerate !== undefined);
    return {
      over,
      concurrency,
      ...(tolerate !== undefined && { tolerate }),
      ...(collects && { collect: collected, from: nothingCollected }),
    };
  }

  #looping(node: RepeatSpec) {
    const { max, everyMs } = node;
    const until = (state: State & { readonly last: Record<string, Item> }) => {
      const prefix = state.last[node.here]!.at.slice(0, -node.here.length);
      const path = prefix.slice(0, -"00000/".length - 1);
      const isOver = Number(prefix.slice(-6, -1)) + 1 === passesAt(node, path);
      return this.#stage.ask(state, prefix, [`${prefix}~again`, `${path}/~over`], isOver, !isOver);
    };
    return { until, max, ...(everyMs !== undefined && { every: `${everyMs} milliseconds` }) };
  }
}

/** So often a run is redriven at most before it starts a child. */
const MOST_MARKS = 40;

interface Item {
  readonly at: string;
}

const Told = z.strictObject({ told: z.string() });

function waitOptions(node: WaitSpec) {
  const key = ({ input }: State) => keyOf((input as { run: string }).run);
  return {
    ...(node.all === undefined ? { output: Told } : { all: Object.fromEntries(node.all.map((name) => [name, Told])) }),
    ...(node.isKeyed && { key }),
    timeout: timeoutOf(node),
    ...(node.timeoutMs !== undefined && { onTimeout: "continue" }),
  };
}

function timeoutOf({ timeoutMs }: WaitSpec | ApprovalSpec): string {
  return timeoutMs === undefined ? "30 days" : `${timeoutMs} milliseconds`;
}

function callbackOptions({ handler, beats }: CallbackSpec) {
  const timeouts = { timeout: "2 minutes", handlerTimeout: `${TIMEOUT_MS} milliseconds` };
  return { output: Told, retry: handler.retry, ...timeouts, ...(beats && { heartbeat: "25 seconds" }) };
}

/** Only the index of the innermost turn is to be seen: a step says where the others are. */
function locatePass({ here }: RepeatSpec, pathIn: Locate): Locate {
  return (state) => {
    const told = state[here] as Item | undefined;
    return told === undefined ? `${pathIn(state)}/${indexText(state["index"] as number)}/` : told.at.slice(0, -here.length);
  };
}
