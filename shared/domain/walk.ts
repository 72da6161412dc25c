import { checkPatch, joinPatches, mergeAttributes } from "./attributes.ts";
import { decide } from "./decide.ts";
import { describeError, type ErrorRecord } from "./errors.ts";
import { WalkRows } from "./undo/walk-rows.ts";
import type { Came, Circumstances, Fate, Outcome } from "./decision.ts";
import { Family, type ChildEnding, type ChildStart } from "./family.ts";
import { checkJson, freezeJson, type Json, type JsonObject } from "./json.ts";
import type { Logger, Node, State, StepContext } from "./node.ts";
import { Mail } from "./mail.ts";
import { createRun, idempotencyKey, outputOf, stateFor, stateOf, withFamily, withMail, type Run, type RunWorkflow } from "./run.ts";
import { ASKED, decisionName } from "./nodes/approving.ts";
import { namesOf } from "./nodes/calling.ts";
import type { AttemptMove, Offer } from "./moves.ts";
import { WalkItems } from "./walk-items.ts";
import { Over } from "./standing.ts";
import type { Statement } from "./statement.ts";
import type { AnyWorkflow, InputOf, OutputOf, StateOf } from "./workflow-types.ts";

/** What others say in a walk. */
interface WalkAnswers {
  /**
   * Outputs of children that are awaited, by path; one that is not here is walked, where its
   * workflow is code.
   */
  readonly children?: Readonly<Record<string, unknown>>;
  /** Choices of approvals, by path; one that is not here expires. */
  readonly approvals?: Readonly<Record<string, string>>;
  /** What completes callbacks whose handlers return nothing, by path; without it they fail. */
  readonly callbacks?: Readonly<Record<string, unknown>>;
}

/** What a walk may be given instead of the real thing. */
export interface WalkOptions<W extends AnyWorkflow> extends WalkAnswers {
  /** Outputs by node name: these nodes are not run. */
  readonly outputs?: Partial<Omit<StateOf<W>, "input">>;
  /** Signals to the run, by name, which have all come before it begins; the oldest first. */
  readonly signals?: Readonly<Record<string, readonly unknown[]>>;
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
  /** By the clock of the walk. */
  now: number;
  /** How many messages so far. */
  sent: number;
  /** What is stored, where something may have to be undone. */
  readonly stored: WalkRows | undefined;
  /** The first thing that was thrown of a run that is undone. */
  thrown?: { readonly value: unknown };
}

/**
 * Runs a workflow in memory, for unit tests: one attempt a node, no database, and no waiting: a
 * clock that starts at 1970 jumps over each sleep.
 *
 * The state passes through JSON text between nodes, so that what would break between invocations
 * breaks here.
 * It runs on the poller's own decisions. Rejects with what a handler throws, with `ZodError` and
 * `NotJsonError` as a poller would see them, and with the error that a poller would fail the run
 * with, once what has an undo is undone; also with `AttributesTooLargeError` where a poller would
 * leave attributes as they are.
 */
export async function walk<W extends AnyWorkflow>(workflow: W, input: InputOf<W>, options: WalkOptions<W> = {}): Promise<Walked<W>> {
  const stubs = (options.outputs ?? {}) as Readonly<Record<string, unknown>>;
  const parsed = checkJson(await workflow.input.parseAsync(input));
  const own = workflow.attributes === undefined ? {} : checkPatch(workflow.attributes({ input: parsed }));
  const stored = workflow.nodes.some(({ undoes }) => undoes) ? new WalkRows() : undefined;
  const progress: Progress = { statements: [], attributes: mergeAttributes({}, own), now: 0, sent: 0, stored };
  const signals = Object.entries(options.signals ?? {}).flatMap(([name, bodies]) => bodies.map((body): Sent => [name, body]));
  const items = new WalkItems((path, name, code, given) => outputOfChild({ path, workflow: name, code, input: given }, options));
  let run = createRun({ id: "walk", workflow: withStubs(workflow, stubs), input: parsed, mail: new Mail(Infinity, []) });
  run = send(run, signals, progress);
  for (let came: readonly Came[] = []; ;) {
    const decision = decide(run, came, circumstances(progress));
    const { fate, starts, family } = decision;
    if (fate.kind === "failed") throw progress.thrown === undefined ? errorOf(fate.error) : progress.thrown.value;
    stored?.keep(decision, progress.now);
    run = decision.run.ruling === run.ruling ? decision.run : createRun({ ...decision.run, ...stored!.record });
    if (fate.kind === "done") break;
    const children = family?.starts.filter(({ detached }) => !detached) ?? [];
    const lists = await items.follow(decision);
    if (children.length + lists.length > 0)
      run = withFamily(run, new Family(await Promise.all(children.map((child) => endingOf(child, options))), lists));
    came = await Promise.all(starts.map((start) => attempt(run, start, progress)));
    const answers = came.flatMap((each) => answersTo(each, options));
    run = send(run, answers, progress);
    // The clock jumps to the end of what comes first.
    if (starts.length === 0) progress.now += delayOf(fate);
  }
  return {
    state: stateOf(run),
    output: outputOf(run) as OutputOf<W>,
    statements: progress.statements,
    attributes: progress.attributes,
  };
}

function errorOf({ name, message }: ErrorRecord): Error {
  return Object.assign(new Error(message), { name });
}

function delayOf(fate: Fate): number {
  if (fate.kind === "park") return fate.delayMs ?? 0;
  // Of a stay for what is told at once there is no time.
  return (fate as Extract<Fate, { kind: "stay" }>).wait?.clock ?? 0;
}

type Child = Pick<ChildStart, "path" | "workflow" | "code" | "input">;

async function endingOf(child: Child, answers: WalkAnswers): Promise<[string, ChildEnding]> {
  return [child.path, { run: "walk", status: "done", output: await outputOfChild(child, answers) }];
}

/** What a child comes to: what it throws is thrown. */
async function outputOfChild({ path, workflow, code, input }: Child, { children = {} }: WalkAnswers): Promise<Json> {
  if (Object.hasOwn(children, path)) return checkJson(children[path]);
  if (code === undefined) throw new TypeError(`The child of "${path}" runs ${workflow}, which is elsewhere: give its output in children.`);
  const { output } = await walk(code, input);
  return output as Json;
}

/** A message to the run, by its name. */
type Sent = readonly [name: string, body: unknown];

/** The run, once it was sent something more. Nothing else comes, whatever the time. */
function send(run: Run, sent: readonly Sent[], progress: Progress): Run {
  if (sent.length === 0) return run;
  const letters = sent.map(([name, body]) => ({ n: progress.sent++, name, body: freezeJson(checkJson(body)), at: progress.now }));
  return withMail(run, run.mail.with(letters));
}

type Completed = Extract<Outcome, { readonly kind: "completed" }>;

/** What others answer to what a handler has handed out. */
function answersTo({ path, outcome }: Came, { approvals = {}, callbacks = {} }: WalkAnswers): Sent[] {
  if ((outcome as Completed).below !== undefined)
    return Object.hasOwn(callbacks, path) ? [[namesOf(path, 1).answer, { output: callbacks[path] }]] : [];
  const asks = path.slice(0, Math.max(path.lastIndexOf(`/${ASKED}/`), 0));
  return Object.hasOwn(approvals, asks) ? [[decisionName(asks, 0), { decision: approvals[asks], by: null, comment: null }]] : [];
}

const zero = () => 0;

/** What an author's function throws is thrown as it is. */
const circumstances = (progress: Progress): Circumstances => ({
  now: progress.now,
  clock: zero(),
  random: zero,
  describe: (thrown) => noteThrown(progress, thrown),
  newRunId: () => "walk",
});

/** Where something is to be undone first, it is thrown after that. */
function noteThrown(progress: Progress, value: unknown): ErrorRecord {
  if (progress.stored === undefined) throw value;
  progress.thrown ??= { value };
  return describeError(value);
}

/** A node that is given an output is over as soon as it is reached. */
function withStubs(workflow: AnyWorkflow, stubs: Readonly<Record<string, unknown>>): RunWorkflow {
  const stubbed = (node: Node): Node => {
    if (!Object.hasOwn(stubs, node.name)) return node;
    const over = new Over(freezeJson(checkJson(stubs[node.name])), 0);
    return { ...node, begin: () => over };
  };
  return { name: workflow.name, version: workflow.version, nodes: workflow.nodes.map(stubbed) };
}

/** The state passes through JSON text, as between two invocations. */
async function attempt(run: Run, move: AttemptMove, progress: Progress): Promise<Came> {
  const { path, node } = move;
  const context = Object.assign(contextOf(path, progress), move.offer && handedOut(move.offer));
  const came = { path, node, attempt: 1, forgiven: 0, aborted: false, startedAt: 0, finishedAt: 0 };
  try {
    const { output, statements = [], below } = await node.run(throughText(stateFor(run, move)), context);
    progress.statements.push(...statements);
    return { ...came, outcome: { kind: "completed", output, below } };
  } catch (thrown) {
    return { ...came, outcome: { kind: "failed", error: noteThrown(progress, thrown), retryable: false } };
  }
}

/** Links and tokens that nothing signs, and that lead nowhere. */
function handedOut(offer: Offer): object {
  const url = (what: string) => `https://baton.invalid/${offer.kind}s/${what}`;
  if (offer.kind === "callback") return { callback: { token: "walk", url: url("walk") } };
  const links = Object.fromEntries(offer.choices.map((choice) => [choice, url(choice)]));
  return { links, deadline: new Date(offer.expires).toISOString() };
}

function contextOf(path: string, progress: Progress): StepContext {
  const runId = "walk";
  return {
    runId,
    attempt: 1,
    idempotencyKey: idempotencyKey(runId, path),
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
