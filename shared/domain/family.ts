import type { ErrorRecord } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";
import type { AnyWorkflow } from "./workflow-types.ts";

/** How a child stands of which its parent is told. */
export interface ChildEnding {
  /** Its id. */
  readonly run: string;
  /** How it ended; gone: it was deleted; stopping: it is about to be cancelled with its parent. */
  readonly status: "done" | "failed" | "cancelled" | "gone" | "stopping";
  /** Of one that is done. */
  readonly output?: Json | undefined;
  /** Of one that failed. */
  readonly error?: ErrorRecord | undefined;
}

/** How the runs of a map's items stand. */
export interface ItemsTold {
  /** How many have not ended. */
  readonly open: number;
  /** How many of these wait for others to end. */
  readonly behind: number;
  /** How many have failed, were cancelled or deleted. */
  readonly failed: number;
  /** The first of these. */
  readonly firstFailed?: ItemEnding | undefined;
  /** Once all have ended: what came of the items from the first on that is not collected. */
  readonly page?: readonly ItemEnding[] | undefined;
}

/** What came of an item. */
export interface ItemEnding extends ChildEnding {
  readonly item: number;
}

/** What is known of a run's children. A value: without one of them it is another. */
export class Family {
  private readonly endings: ReadonlyMap<string, ChildEnding>;
  private readonly lists: ReadonlyMap<string, ItemsTold>;

  constructor(
    endings: Iterable<readonly [path: string, ending: ChildEnding]> = [],
    lists: Iterable<readonly [path: string, told: ItemsTold]> = [],
  ) {
    this.endings = new Map(endings);
    this.lists = new Map(lists);
  }

  /** How the child of a path has ended; undefined: nobody was told that it has. */
  of(path: string): ChildEnding | undefined {
    return this.endings.get(path);
  }

  /** How the items of a map stand; undefined: nobody was told since something was done to them. */
  itemsOf(path: string): ItemsTold | undefined {
    return this.lists.get(path);
  }

  /** Without what was told of a path: what is there goes on. */
  without(path: string): Family {
    if (!this.endings.has(path) && !this.lists.has(path)) return this;
    return new Family(
      [...this.endings].filter(([known]) => known !== path),
      [...this.lists].filter(([known]) => known !== path),
    );
  }

  /** Whether it has an ending that was not known before, or items stand otherwise. */
  tellsMoreThan(before: Family): boolean {
    return (
      [...this.endings.keys()].some((path) => before.of(path) === undefined) ||
      [...this.lists].some(([path, { open, failed }]) => {
        const known = before.itemsOf(path);
        return known === undefined || open === 0 || known.failed !== failed;
      })
    );
  }
}

/** Nothing is known. */
export const noFamily = new Family();

/** What a child is started with. */
export interface ChildStart {
  /** Of the node that starts it. */
  readonly path: string;
  readonly run: string;
  readonly workflow: string;
  readonly version: number;
  readonly input: Json;
  readonly attributes: JsonObject | undefined;
  readonly delayMs: number;
  /** Nobody awaits it. */
  readonly detached: boolean;
  /** Its workflow, where this code has it. */
  readonly code: AnyWorkflow | undefined;
}

/** What a part of a map's items is started with, whose inputs are stored. */
export interface ItemsStart {
  /** Of the map. */
  readonly path: string;
  /** Which part. */
  readonly part: number;
  readonly workflow: string;
  readonly version: number;
  /** The workflow, where this code has it. */
  readonly code: AnyWorkflow | undefined;
  /** How many may go on at once; undefined: all. */
  readonly concurrency: number | undefined;
  /** How many may fail. */
  readonly tolerated: number;
}

/** What a round does to a run's children. */
export interface FamilyChanges {
  readonly starts: readonly ChildStart[];
  readonly items: readonly ItemsStart[];
  /** Maps whose failed items go on after their run's redrive; anew: from now on. */
  readonly repeats: readonly { readonly path: string; readonly anew: boolean }[];
  /** Children that go on after their parent's redrive. */
  readonly redriven: readonly { readonly path: string; readonly run: string }[];
}
