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

/** What is known of a run's children. A value: without one of them it is another. */
export class Family {
  private readonly endings: ReadonlyMap<string, ChildEnding>;

  constructor(endings: Iterable<readonly [path: string, ending: ChildEnding]> = []) {
    this.endings = new Map(endings);
  }

  /** How the child of a path has ended; undefined: nobody was told that it has. */
  of(path: string): ChildEnding | undefined {
    return this.endings.get(path);
  }

  /** Without what was told of a path: the child goes on. */
  without(path: string): Family {
    return this.endings.has(path) ? new Family([...this.endings].filter(([known]) => known !== path)) : this;
  }

  /** Whether it has an ending that was not known before. */
  tellsMoreThan(before: Family): boolean {
    return [...this.endings.keys()].some((path) => before.of(path) === undefined);
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

/** What a round does to a run's children. */
export interface FamilyChanges {
  readonly starts: readonly ChildStart[];
  /** Children that go on after their parent's redrive. */
  readonly redriven: readonly { readonly path: string; readonly run: string }[];
}
