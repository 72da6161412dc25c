import { checkPatch, mergeAttributes } from "../attributes.ts";
import { attempting, now } from "../author.ts";
import type { ErrorRecord } from "../errors.ts";
import type { ChildEnding } from "../family.ts";
import { checkJson, type Json, type JsonObject } from "../json.ts";
import type { Move, Owner } from "../moves.ts";
import type { State } from "../node.ts";
import { indexBytes, indexOf, indexText } from "../parts.ts";
import {
  isRow,
  noTries,
  Over,
  Stray,
  wakeTries,
  type Fact,
  type Fatal,
  type Look,
  type Scene,
  type Standing,
  type Tries,
} from "../standing.ts";
import type { AnyWorkflow, JsonSchema } from "../workflow-types.ts";

/** Below a node that awaits a child: which, by how often the run was redriven before. */
const CHILD = "~child";
/** The length of the path of such a row, below its node. */
export const childBytes = CHILD.length + indexBytes;

export function isChildMark(below: string): boolean {
  return below.startsWith(`${CHILD}/`) && indexOf(below, CHILD.length + 1) >= 0;
}

/** What a node starts. */
export interface Wanted {
  readonly name: string;
  readonly version: number;
  readonly code: AnyWorkflow | undefined;
  /** Undefined: nobody here parses it. */
  readonly input: JsonSchema | undefined;
  readonly inputOf: (state: State) => unknown;
  readonly detached: boolean;
  readonly delayMs: number;
}

/** The child that a node has started, or let go on, after so many redrives of its run. */
interface Started {
  readonly run: string;
  readonly redrives: number;
  readonly bytes: number;
}

/** A node that has a child, or is to start it. */
export class Parent implements Standing {
  readonly output = undefined;
  private readonly path: string;
  private readonly wanted: Wanted;
  private readonly tries: Tries;
  private readonly started: Started | undefined;

  private constructor(path: string, wanted: Wanted, tries: Tries, started: Started | undefined) {
    this.path = path;
    this.wanted = wanted;
    this.tries = tries;
    this.started = started;
  }

  static begin(path: string, wanted: Wanted): Parent {
    return new Parent(path, wanted, noTries, undefined);
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  get bytes(): number {
    return this.started?.bytes ?? 0;
  }

  take(path: string, fact: Fact): Standing {
    const { wanted, tries, started } = this;
    if (path === this.path) return isRow(fact) ? new Over(fact.output, fact.bytes) : new Parent(path, wanted, fact, started);
    const below = path.slice(this.path.length + 1);
    if (!isRow(fact) || !isChildMark(below)) return new Stray(path);
    const { run } = fact.output as { readonly run: string };
    return new Parent(this.path, wanted, tries, { run, redrives: indexOf(below, CHILD.length + 1), bytes: fact.bytes });
  }

  wake(atTime: number): Standing {
    const tries = wakeTries(this.tries, atTime);
    return tries === this.tries ? this : new Parent(this.path, this.wanted, tries, this.started);
  }

  look(scene: Scene): Look {
    const { path, started } = this;
    if (started === undefined) return { moves: [this.start(scene)] };
    const ending = scene.family().of(path);
    if (ending === undefined) return { moves: [], children: [path] };
    return { moves: [this.follow(ending, started, scene)] };
  }

  private get owner(): Owner {
    return { path: this.path, tries: this.tries };
  }

  private mark(scene: Scene): string {
    return `${this.path}/${CHILD}/${indexText(scene.redrives())}`;
  }

  /** What its child has come to; one that ended before a redrive of the run goes on with it. */
  private follow(ending: ChildEnding, { run, redrives }: Started, scene: Scene): Move {
    const { path, owner } = this;
    if (ending.status === "done") return { do: "store", path, output: ending.output ?? null, owner, attempt: this.tries.failures + 1 };
    if (redrives >= scene.redrives()) return { do: "fail", owner, thrown: failureOf(path, ending) };
    if (ending.status === "gone") return this.start(scene);
    return { do: "redrive", path, mark: this.mark(scene), run };
  }

  private start(scene: Scene): Move {
    const { path, owner } = this;
    const { name, version, code, detached, delayMs } = this.wanted;
    return attempting(owner, () => {
      const input = this.inputIn(scene.state());
      const attributes = attributesOf(code, input);
      const mark = detached ? path : this.mark(scene);
      return { do: "start", path, mark, owner, child: { workflow: name, version, code, input, attributes, detached, delayMs } };
    });
  }

  private inputIn(state: State): Json {
    const given = now(this.wanted.inputOf(state), "its input");
    return checkJson(this.wanted.input === undefined ? given : this.wanted.input.parse(given));
  }
}

/** Those that its workflow gives it, as an enqueue would. */
export function attributesOf(code: AnyWorkflow | undefined, input: Json): JsonObject | undefined {
  if (code?.attributes === undefined) return undefined;
  const merged = mergeAttributes({}, checkPatch(now(code.attributes({ input }), "the attributes of its child")));
  return Object.keys(merged).length === 0 ? undefined : merged;
}

export function failureOf(path: string, ending: ChildEnding): Error {
  if (ending.status === "failed") return new ChildFailedError(path, ending.run, ending.error!);
  if (ending.status === "gone") return new ChildGoneError(path, ending.run);
  return new ChildCancelledError(path, ending.run);
}

/** The child of a node has failed. */
export class ChildFailedError extends Error {
  override readonly name = "ChildFailedError";
  readonly node: string;
  readonly runId: string;

  constructor(node: string, runId: string, { name, message }: ErrorRecord) {
    super(
      `The child of "${node}", run ${runId}, has failed with ${name}: ${message} A redrive of this run lets the child go on, too, unless it was undone.`,
    );
    this.node = node;
    this.runId = runId;
  }
}

/** The child of a node was cancelled, by somebody else than its parent. */
export class ChildCancelledError extends Error {
  override readonly name = "ChildCancelledError";
  readonly node: string;
  readonly runId: string;

  constructor(node: string, runId: string) {
    super(`The child of "${node}", run ${runId}, was cancelled. A redrive of this run lets the child go on, too.`);
    this.node = node;
    this.runId = runId;
  }
}

/** The child of a node was deleted before its parent had its output. */
export class ChildGoneError extends Error {
  override readonly name = "ChildGoneError";
  readonly node: string;
  readonly runId: string;

  constructor(node: string, runId: string) {
    super(`The child of "${node}", run ${runId}, was deleted before this run had its output. A redrive of this run starts another one.`);
    this.node = node;
    this.runId = runId;
  }
}
