import type { ChainStanding } from "../chain.ts";
import type { Json } from "../json.ts";
import type { HandlerNode, Undo } from "../node.ts";
import { UNDO } from "../nodes/undo.ts";
import { isRow, noTries, wakeTries, type Fact, type Look, type Standing, type Tries } from "../standing.ts";
import { nodeAt, rankOf, type StoredFacts } from "./stored.ts";
import type { Ruling } from "./ruling.ts";

/** What is to be undone of a run, by what is stored of it. */
interface Entry {
  readonly path: string;
  /** Where it comes in the chains. */
  readonly rank: string;
  readonly node: HandlerNode & { readonly undo: Undo };
  readonly output: Json;
  /** When it was over, in microseconds since 1970. */
  readonly at: number;
}

/** What a run that is undone is told of itself. */
export interface UndoRecord {
  readonly ruling: Ruling;
  readonly chain: ChainStanding;
  readonly input: Json;
  readonly stored: StoredFacts;
  /** Paths of all rows, and of what has failed. */
  readonly rows: readonly string[];
  readonly failed: readonly string[];
  /** When each was over, in microseconds since 1970. */
  readonly finished: Readonly<Record<string, number>>;
  /** The size of what is stored. */
  readonly bytes: number;
}

/**
 * A run whose nodes are taken back, one after the other, the last one to be over first. A standing
 * like any other: what came of an undo is told it. One that has failed for good is passed.
 */
export class Undoing implements Standing {
  readonly fatal = undefined;
  readonly ended = undefined;
  readonly bytes: number;
  private readonly record: UndoRecord;
  private readonly entries: readonly Entry[];
  private readonly position: number;
  private readonly tries: Tries;
  /** How many have failed for good. */
  readonly failed: number;

  private constructor(record: UndoRecord, entries: readonly Entry[], position: number, tries: Tries, failed: number) {
    this.record = record;
    this.bytes = record.bytes;
    this.entries = entries;
    this.position = position;
    this.tries = tries;
    this.failed = failed;
  }

  /** facts: what has come of undos. */
  static begin(record: UndoRecord, facts: readonly (readonly [path: string, fact: Fact])[]): Undoing {
    // Where there is a row, what has failed before it is past.
    const told = new Map([...facts.filter(([, fact]) => !isRow(fact)), ...facts.filter(([, fact]) => isRow(fact))]);
    let undoing = new Undoing(record, entriesOf(record), 0, noTries, 0);
    for (;;) {
      const { next, position } = undoing;
      if (next === undefined || !told.has(next)) return undoing;
      undoing = undoing.take(next, told.get(next)!);
      if (undoing.position === position) return undoing;
    }
  }

  /** Null: everything was tried. */
  get output(): null | undefined {
    return this.position === this.entries.length ? null : undefined;
  }

  /** How many nodes were undone, once all were tried. */
  get undone(): number {
    return this.entries.length - this.failed;
  }

  /** The path of what is undone next. */
  get next(): string | undefined {
    const entry = this.entries[this.position];
    return entry && UNDO + entry.path;
  }

  /** That of the node of the chain. */
  positionOf(path: string): number {
    const { chain } = this.record;
    return chain.positionOf(path.startsWith(UNDO) ? path.slice(UNDO.length) : path) ?? positionOfMark(chain);
  }

  take(path: string, fact: Fact): Undoing {
    if (path !== this.next) return this;
    if (isRow(fact)) return this.pass(this.failed);
    return fact.fatal === undefined ? this.with(this.position, fact, this.failed) : this.pass(this.failed + 1);
  }

  private pass(failed: number): Undoing {
    return this.with(this.position + 1, noTries, failed);
  }

  private with(position: number, tries: Tries, failed: number): Undoing {
    return new Undoing(this.record, this.entries, position, tries, failed);
  }

  wake(now: number): Undoing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : this.with(this.position, tries, this.failed);
  }

  look(): Look {
    const { record, tries } = this;
    const entry = this.entries[this.position]!;
    if (tries.notBefore !== undefined) return { moves: [], until: tries.notBefore };
    const state = () => record.stored.stateAt(record.chain.chain, entry.path, record.input);
    const { failures, forgiven } = tries;
    return { moves: [{ do: "attempt", path: UNDO + entry.path, node: handlerOf(entry), attempt: failures + 1, forgiven, state }] };
  }
}

/** A row of the run's own counts to the node that it is at. */
export function positionOfMark({ position, chain }: ChainStanding): number {
  return Math.max(Math.min(position, chain.nodes.length - 1), 0);
}

function handlerOf({ node, output }: Entry): HandlerNode {
  const { undo } = node;
  return { ...node, ...undo.policy, run: (state, context) => undo.run(output, state, context) };
}

/** The last one to be over comes first; of what was over together, the last of its chain. */
function entriesOf(record: UndoRecord): Entry[] {
  const entries = [...completed(record), ...begun(record)];
  return entries.sort((a, b) => (a.at === b.at ? (a.rank < b.rank ? 1 : -1) : b.at - a.at));
}

function completed({ rows, chain, stored, finished }: UndoRecord): Entry[] {
  return rows.flatMap((path): Entry[] => {
    const node = nodeAt(chain.chain, path);
    if (!hasUndo(node) || (node.ran !== undefined && stored.at(`${path}/${node.ran}`) === undefined)) return [];
    return [{ path, rank: rankOf(chain.chain, path), node, output: stored.at(path)!, at: finished[path] ?? 0 }];
  });
}

/** Those that have begun, and have brought nothing. What was out was over last. */
function begun({ failed, ruling, chain, stored, finished }: UndoRecord): Entry[] {
  const crashed = ruling.crashed === true ? chain.chain.nodes.slice(chain.position, chain.position + 1).map(({ name }) => name) : [];
  return [...new Set([...failed, ...(ruling.begun ?? []), ...crashed])].flatMap((path): Entry[] => {
    const node = nodeAt(chain.chain, path);
    if (!hasUndo(node) || !node.undo.evenIfFailed || stored.at(path) !== undefined) return [];
    const at = ruling.begun?.includes(path) === true ? Infinity : (finished[path] ?? Infinity);
    return [{ path, rank: rankOf(chain.chain, path), node, output: null, at }];
  });
}

function hasUndo(node: HandlerNode | undefined): node is Entry["node"] {
  return node?.undo !== undefined;
}
