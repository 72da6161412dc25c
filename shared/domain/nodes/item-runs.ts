import { attempting, marking, now, storing } from "../author.ts";
import type { ItemEnding, ItemsTold } from "../family.ts";
import { checkJson, type Json } from "../json.ts";
import type { Move, Owner } from "../moves.ts";
import type { State } from "../node.ts";
import { indexOf, indexText } from "../parts.ts";
import { isRow, noTries, Stray, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import type { AnyWorkflow } from "../workflow-types.ts";
import { failureOfItems, resultOfItem } from "./item-endings.ts";
import { planParts } from "./item-plan.ts";
import type { Collect, Gathering } from "./map-options.ts";

/** Below the node: the inputs of a part of the items. */
export const PLAN = "~plan";
/** The items of a part are started. */
export const START = "~start";
/** Those that failed go on, after so many redrives of the run. */
export const AGAIN = "~again";
/** What items came to, or what was collected of it. */
export const FOLD = "~fold";

/** What a map says whose items are runs. */
export interface RunsMapping extends Gathering {
  readonly over: (state: State) => readonly unknown[];
  /** That of the workflow. */
  readonly name: string;
  readonly version: number;
  readonly code: AnyWorkflow | undefined;
  readonly concurrency: number | undefined;
}

/** What its own row says: redrives, how often the run was redriven before. */
export interface Plan {
  readonly runs: number;
  readonly parts: number;
  readonly redrives: number;
}

/** What is stored of items: all up to one of them. */
export interface Fold {
  readonly to: number;
  readonly results?: readonly Json[];
  readonly sum?: Json;
}

/** What is stored below the node. */
interface Stored {
  readonly plan: Plan | undefined;
  /** How many parts are started. */
  readonly started: number;
  /** After how many redrives the failed ones last went on. */
  readonly again: number;
  /** How many pages of what they came to. */
  readonly pages: number;
  /** These pages; the last one alone, where results are collected. */
  readonly folds: readonly Fold[];
  readonly bytes: number;
}

const advice = "collect the results (add { collect, from } after the workflow), or let the items store them elsewhere";

/** A map whose items are runs. */
export class ItemRuns implements Standing {
  private readonly path: string;
  private readonly mapping: RunsMapping;
  private readonly tries: Tries;
  private readonly stored: Stored;

  private constructor(path: string, mapping: RunsMapping, tries: Tries, stored: Stored) {
    this.path = path;
    this.mapping = mapping;
    this.tries = tries;
    this.stored = stored;
  }

  static begin(path: string, mapping: RunsMapping): ItemRuns {
    return new ItemRuns(path, mapping, noTries, { plan: undefined, started: 0, again: 0, pages: 0, folds: [], bytes: 0 });
  }

  get output(): Json | undefined {
    const { plan, folds } = this.stored;
    if (plan === undefined || this.folded < plan.runs) return undefined;
    if (this.mapping.collect === undefined) return Object.freeze(folds.flatMap(({ results }) => results!));
    return folds.at(-1)?.sum ?? this.mapping.from;
  }

  get fatal(): Fatal | undefined {
    return this.tries.fatal;
  }

  get bytes(): number {
    return this.stored.bytes;
  }

  /** Up to which item results are stored. */
  private get folded(): number {
    return this.stored.folds.at(-1)?.to ?? 0;
  }

  private get owner(): Owner {
    return { path: this.path, tries: this.tries };
  }

  private at(mark: string, index: number): string {
    return `${this.path}/${mark}/${indexText(index)}`;
  }

  take(path: string, fact: Fact): Standing {
    const { stored } = this;
    if (path === this.path) return isRow(fact) ? this.with({ ...stored, plan: fact.output as unknown as Plan }) : this.tried(fact);
    const [mark, index] = this.markOf(path);
    if (!isRow(fact) || index < 0) return new Stray(path);
    if (mark === PLAN) return this;
    if (mark === START) return this.with({ ...stored, started: Math.max(stored.started, index + 1) });
    if (mark === AGAIN) return this.with({ ...stored, again: Math.max(stored.again, index) });
    return this.with(this.fold(index, fact.output as unknown as Fold, fact.bytes));
  }

  private markOf(path: string): [mark: string, index: number] {
    const below = path.slice(this.path.length + 1);
    const end = below.indexOf("/");
    return [below.slice(0, end), end < 0 ? -1 : indexOf(below, end + 1)];
  }

  /** In order of pages. What was collected is in the last one. */
  private fold(index: number, fold: Fold, bytes: number): Stored {
    const { stored } = this;
    const pages = index + 1;
    if (this.mapping.collect !== undefined) return { ...stored, pages, folds: [fold], bytes };
    return { ...stored, pages, folds: [...stored.folds, fold], bytes: stored.bytes + bytes };
  }

  private with(stored: Stored): ItemRuns {
    return new ItemRuns(this.path, this.mapping, this.tries, stored);
  }

  private tried(tries: Tries): ItemRuns {
    return new ItemRuns(this.path, this.mapping, tries, this.stored);
  }

  wake(atTime: number): Standing {
    const tries = wakeTries(this.tries, atTime);
    return tries === this.tries ? this : this.tried(tries);
  }

  look(scene: Scene): Look {
    const { path, owner, mapping, stored } = this;
    const { plan, started } = stored;
    if (plan === undefined) return { moves: [attempting(owner, () => planParts(owner, mapping, scene))] };
    const redrives = scene.redrives();
    if (started > 0 && Math.max(plan.redrives, stored.again) < redrives)
      return { moves: [{ do: "repeatItems", path, mark: this.at(AGAIN, redrives) }] };
    const told = scene.family().itemsOf(path);
    if (told === undefined && started > 0) return { moves: [], children: [path], told: true };
    return this.goOn(plan, told);
  }

  /** What may be done where it is known how the items stand; none is started yet: undefined. */
  private goOn(plan: Plan, told: ItemsTold | undefined): Look {
    const { path, owner, stored } = this;
    const tolerated = this.mapping.tolerance(plan.runs);
    if (told !== undefined && told.failed > tolerated)
      return { moves: [{ do: "fail", owner, thrown: failureOfItems(path, told, plan.runs, tolerated) }] };
    // Those that failed before the redrive go on, as many at a time as may.
    if (told !== undefined && told.open > 0 && told.behind === told.open) return { moves: [{ do: "repeatItems", path }] };
    if (stored.started < plan.parts) return { moves: [this.start(stored.started, tolerated)] };
    const page = told?.page ?? [];
    if (page.length > 0 && page[0]!.item === this.folded) return { moves: [this.store(page)] };
    // What an answer had no room for comes with the next claim, which is due.
    return page.length > 0 ? { moves: [], children: [path], told: true } : { moves: [], children: [path] };
  }

  private start(part: number, tolerated: number): Move {
    const { path } = this;
    const { name: workflow, version, code, concurrency } = this.mapping;
    return { do: "startItems", mark: this.at(START, part), items: { path, part, workflow, version, code, concurrency, tolerated } };
  }

  private store(page: readonly ItemEnding[]): Move {
    const { collect, tolerates } = this.mapping;
    const path = this.at(FOLD, this.stored.pages);
    const to = page.at(-1)!.item + 1;
    const results = page.map((ending) => resultOfItem(this.path, ending, tolerates));
    if (collect !== undefined) return storing(this.owner, path, () => ({ to, sum: this.collected(results, collect) }));
    return { ...marking(this.owner, path, { to, results }), mostBytes: Infinity, advice };
  }

  private collected(results: readonly Json[], collect: Collect): Json {
    const { folds } = this.stored;
    const sum = folds.at(-1)?.sum ?? this.mapping.from;
    return results.reduce<Json>((all, result, n) => checkJson(now(collect(all, result, this.folded + n), "its collect")), sum);
  }
}
