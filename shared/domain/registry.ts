import { InvalidWorkflowError, NoWorkflowError } from "./errors.ts";
import { hooksByValue, type Hooks, namesOf } from "./hooks.ts";
import type { Node, Skip } from "./node.ts";
import { shapeOfChain, skipsOfChain } from "./parts.ts";
import { queueOf } from "./queue.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

/**
 * One line of what this code knows; `shape` is the same exactly as long as the kinds and names of
 * the nodes are.
 */
export interface WorkflowShape {
  readonly name: string;
  readonly version: number;
  readonly shape: string;
  /** What a claim need not read of its runs. */
  readonly skips?: readonly Skip[];
  /** A node of it waits for signals: a claim reads those of its runs. */
  readonly waits?: true;
  /** A node of it starts runs: a claim tells how they have ended. */
  readonly family?: true;
  /** What follows the endings of its runs, by name and version. */
  readonly hooks?: Hooks;
  /** A node of it has an undo: its runs do not end before that is done. */
  readonly undoes?: true;
}

/** The workflows that a service runs, by name and version. */
export interface Registry {
  /** Without a version: the newest. */
  find(name: string, version?: number): AnyWorkflow | undefined;
  /** In the order of registration. */
  all(): readonly AnyWorkflow[];
  manifest(): readonly WorkflowShape[];
}

/**
 * What the poller keeps of its timeout for claiming and storing, so that a step may take at most
 * the rest.
 */
export const POLLER_RESERVE_MS = 10_000;

export interface RegistryOptions {
  readonly pollerTimeoutMs: number;
  /** Whose poller that is (default: one that calls the handlers of all queues). */
  readonly queue?: string;
}

/**
 * Puts workflows together so that runs find theirs.
 *
 * Throws `NoWorkflowError` for what is none, and `InvalidWorkflowError` for a name and version
 * given twice, a workflow without nodes, a node whose timeout is longer than `pollerTimeoutMs`
 * minus 10 seconds, which no poller would ever have the time to start, and a hook that was given by
 * value and is not among them, which nobody would run.
 */
export function createRegistry(workflows: readonly AnyWorkflow[], options: RegistryOptions): Registry {
  checkKinds(workflows);
  const versions = new Map<string, Map<number, AnyWorkflow>>();
  for (const workflow of workflows) {
    checkNodes(workflow, options);
    const known = versions.get(workflow.name) ?? new Map<number, AnyWorkflow>();
    if (known.has(workflow.version)) {
      throw refuse(workflow, undefined, `version ${workflow.version} is registered twice: give one of them another version or name`);
    }
    versions.set(workflow.name, known.set(workflow.version, workflow));
  }
  for (const workflow of workflows) checkHooks(workflow, versions);
  const manifest = workflows.map(lineOf);
  return Object.freeze({
    find: (name: string, version?: number) => {
      const known = versions.get(name);
      return known?.get(version ?? Math.max(...known.keys()));
    },
    all: () => [...workflows],
    manifest: () => manifest,
  });
}

function lineOf(workflow: AnyWorkflow): WorkflowShape {
  const { name, version } = workflow;
  const skips = skipsOfChain(workflow);
  return {
    name,
    version,
    shape: shapeOf(workflow),
    ...(skips.length > 0 && { skips }),
    ...(workflow.nodes.some(({ signals }) => signals) && { waits: true }),
    ...(workflow.nodes.some(({ children }) => children) && { family: true }),
    ...(workflow.hooks && { hooks: namesOf(workflow.hooks) }),
    ...(workflow.nodes.some(({ undoes }) => undoes) && { undoes: true }),
  };
}

/** Kinds and names of a workflow's nodes in order, such as `step:charge|sleep:cooling-off`. */
export function shapeOf(workflow: AnyWorkflow): string {
  return shapeOfChain(workflow);
}

/** Lists of authors in JavaScript, and imports in a circle, hold anything. */
function checkKinds(workflows: readonly unknown[]): void {
  const index = workflows.findIndex((each) => !Array.isArray((each as Partial<AnyWorkflow> | null | undefined)?.nodes));
  if (index !== -1) throw new NoWorkflowError(index, workflows[index]);
}

function checkNodes(workflow: AnyWorkflow, { pollerTimeoutMs, queue }: RegistryOptions): void {
  if (workflow.nodes.length === 0) throw refuse(workflow, undefined, "it has no nodes: add a step, or another node");
  const limitMs = pollerTimeoutMs - POLLER_RESERVE_MS;
  const isHere = (position: number) => queue === undefined || queueOf(workflow, position) === queue;
  const tooLong = workflow.nodes.find((node, position) => isHere(position) && longestOf(node) > limitMs);
  if (tooLong === undefined) return;
  throw refuse(
    workflow,
    tooLong,
    `its timeout of ${longestOf(tooLong) / 1_000} seconds is longer than the ${limitMs / 1_000} seconds that the poller's timeout of ` +
      `${pollerTimeoutMs / 1_000} seconds leaves to a step: shorten the timeout, or raise the poller's`,
  );
}

/** One by name may be of another service on the same database. */
function checkHooks(workflow: AnyWorkflow, versions: ReadonlyMap<string, ReadonlyMap<number, AnyWorkflow>>): void {
  const missing = hooksByValue(workflow.hooks).find(({ name, version }) => versions.get(name)?.has(version) !== true);
  if (missing === undefined) return;
  const { name, version } = missing;
  throw refuse(
    workflow,
    undefined,
    `its hook, version ${version} of "${name}", is not among the workflows: add it, or give { name, version } if another service runs it`,
  );
}

function longestOf({ timeoutsMs }: Node): number {
  return Math.max(0, ...timeoutsMs);
}

function refuse(workflow: AnyWorkflow, node: Node | undefined, problem: string): InvalidWorkflowError {
  return new InvalidWorkflowError(workflow.name, node?.name, problem);
}
