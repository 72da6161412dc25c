import { checkPatch, joinPatches, mergeAttributes } from "./attributes.ts";
import { checkJson, freezeJson, type Json, type JsonObject } from "./json.ts";
import type { Logger, Node, State, StepContext } from "./node.ts";
import { idempotencyKey } from "./run.ts";
import type { Statement } from "./statement.ts";
import type { AnyWorkflow, InputOf, OutputOf, StateOf } from "./workflow-types.ts";

/** What a walk may be given instead of the real thing. */
export interface WalkOptions<W extends AnyWorkflow> {
  /** Outputs by node name: these nodes are not run. */
  readonly outputs?: Partial<Omit<StateOf<W>, "input">>;
}

/** What came of a walk. */
export interface Walked<W extends AnyWorkflow> {
  readonly state: StateOf<W>;
  readonly output: OutputOf<W>;
  /** The statements of all sql nodes, in order. They were not run. */
  readonly statements: readonly Statement[];
  /** The workflow's own, with what handlers have set. */
  readonly attributes: JsonObject;
}

interface Progress {
  readonly statements: Statement[];
  attributes: JsonObject;
  sleptMs: number;
}

/**
 * Runs a workflow in memory, for unit tests: one attempt a node, no database, and no waiting: a
 * clock that starts at 1970 jumps over each sleep.
 *
 * The state passes through JSON text between nodes, so that what would break between invocations
 * breaks here.
 * Rejects with what a handler throws, and with `ZodError` and `NotJsonError` as a poller would see
 * them; also with `AttributesTooLargeError` where a poller would leave attributes as they are.
 */
export async function walk<W extends AnyWorkflow>(workflow: W, input: InputOf<W>, options: WalkOptions<W> = {}): Promise<Walked<W>> {
  const stubs = (options.outputs ?? {}) as Readonly<Record<string, unknown>>;
  let state: State = { input: checkJson(await workflow.input.parseAsync(input)) };
  const own = workflow.attributes === undefined ? {} : checkPatch(workflow.attributes(state));
  const progress: Progress = { statements: [], attributes: mergeAttributes({}, own), sleptMs: 0 };
  let output: Json = null;
  for (const node of workflow.nodes) {
    output = Object.hasOwn(stubs, node.name) ? checkJson(stubs[node.name]) : await run(node, state, progress);
    state = throughText({ ...state, [node.name]: output });
  }
  return { state, output: output as OutputOf<W>, statements: progress.statements, attributes: progress.attributes };
}

async function run(node: Node, state: State, progress: Progress): Promise<Json> {
  switch (node.kind) {
    case "step":
      return node.run(state, contextOf(node, progress));
    case "sql": {
      const { statements, output } = await node.run(state, contextOf(node, progress));
      progress.statements.push(...statements);
      return output;
    }
    case "sleep":
      progress.sleptMs += node.duration(state);
      return { until: new Date(progress.sleptMs).toISOString() };
  }
}

function contextOf(node: Node, progress: Progress): StepContext {
  const runId = "walk";
  return {
    runId,
    attempt: 1,
    idempotencyKey: idempotencyKey(runId, node.name),
    signal: new AbortController().signal,
    logger: silent,
    setAttributes(patch) {
      progress.attributes = mergeAttributes(progress.attributes, joinPatches({}, patch));
    },
  };
}

function throughText(state: State): State {
  return freezeJson(JSON.parse(JSON.stringify(state)) as State);
}

const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
