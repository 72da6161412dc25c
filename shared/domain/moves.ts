/** What may be done for a node, as its standing says it. */
import type { ChildStart, ItemsStart } from "./family.ts";
import type { Json } from "./json.ts";
import type { Memos } from "./memos.ts";
import type { HandlerNode, State } from "./node.ts";
import type { Tries } from "./standing.ts";

/** What may be done for a node. */
export type Move =
  | AttemptMove
  | StoreMove
  | SleepMove
  | FailMove
  | RefuseMove
  | LoseMove
  | StartMove
  | RedriveMove
  | PlanMove
  | StartItemsMove
  | RepeatItemsMove;

/** Run its handler. */
export interface AttemptMove {
  readonly do: "attempt";
  readonly path: string;
  readonly node: HandlerNode;
  /** Its number. */
  readonly attempt: number;
  /** How many attempts before it the retry policy does not count. */
  readonly forgiven: number;
  /** As the handler sees it (default: that of the run). */
  readonly state?: (() => State) | undefined;
  /** What attempts before it have stored below its path. */
  readonly memos?: Memos | undefined;
  /** What its handler may hand out to others, who answer in its place. */
  readonly offer?: Offer | undefined;
}

/** What a handler hands out: who has it may answer, until it expires. */
export type Offer =
  /** A link for each choice. */
  | {
      readonly kind: "approval";
      readonly path: string;
      readonly generation: number;
      readonly choices: readonly string[];
      readonly expires: number;
    }
  /** A token. */
  | { readonly kind: "callback"; readonly path: string; readonly attempt: number; readonly expires: number };

/** Store what needs no handler: a plan, a case, a verdict. */
export interface StoreMove {
  readonly do: "store";
  readonly path: string;
  readonly output: Json;
  /** Its limit (default: that of an output). */
  readonly mostBytes?: number | undefined;
  /** What to do where it is larger. */
  readonly advice?: string | undefined;
  /** Where it fails when it cannot be stored. */
  readonly owner: Owner;
  /** Its number, where it counts as one (default: 0). */
  readonly attempt?: number | undefined;
  /** The numbers of the messages that it takes. */
  readonly consumes?: readonly number[] | undefined;
  /** Signals that did not come in time: if one did, it is not stored. */
  readonly timedOut?: readonly string[] | undefined;
}

/** Store when it ends, which is so long after now. */
export interface SleepMove {
  readonly do: "sleep";
  readonly path: string;
  readonly attempt: number;
  readonly durationMs: number;
}

/** Fail for good: a function of its author's has thrown, and would again. */
export interface FailMove {
  readonly do: "fail";
  readonly owner: Owner;
  readonly thrown: unknown;
  /** Signals that did not come in time: if one did, it does not fail. */
  readonly timedOut?: readonly string[] | undefined;
}

/** Take a message away that is none, and note why as a failed attempt. */
export interface RefuseMove {
  readonly do: "refuse";
  readonly owner: Owner;
  /** Its number. */
  readonly consumes: readonly number[];
  readonly thrown: unknown;
}

/** Count an attempt as failed that others were to end, and did not, or not well. */
export interface LoseMove {
  readonly do: "lose";
  readonly path: string;
  /** Its policy says whether there is another. */
  readonly node: HandlerNode;
  readonly attempt: number;
  readonly forgiven: number;
  readonly thrown: unknown;
  readonly retryable: boolean;
  /** The numbers of the messages that it takes. */
  readonly consumes: readonly number[];
  /** Signals that did not come in time: if one did, it has not failed. */
  readonly timedOut?: readonly string[] | undefined;
}

/** Start a run of another workflow. */
export interface StartMove {
  readonly do: "start";
  readonly path: string;
  /** The path of the row that holds its id. */
  readonly mark: string;
  readonly owner: Owner;
  readonly child: Omit<ChildStart, "path" | "run">;
}

/** Let a child go on that has ended. */
export interface RedriveMove {
  readonly do: "redrive";
  readonly path: string;
  /** The path of the row that says so. */
  readonly mark: string;
  /** Its id. */
  readonly run: string;
}

/** Store the inputs of a map's items, all of them or none. */
export interface PlanMove {
  readonly do: "plan";
  readonly path: string;
  /** What the row at its path says of them. */
  readonly output: Json;
  /** The inputs. */
  readonly parts: readonly Pick<StoreMove, "path" | "output">[];
  readonly owner: Owner;
}

/** Start the runs of a part of a map's items. */
export interface StartItemsMove {
  readonly do: "startItems";
  /** The path of the row that says so. */
  readonly mark: string;
  readonly items: ItemsStart;
}

/** Let the items of a map go on that have failed. */
export interface RepeatItemsMove {
  readonly do: "repeatItems";
  readonly path: string;
  /** The path of the row that says so; undefined: it is stored. */
  readonly mark?: string | undefined;
}

/** A path where a function of the author's may fail. */
export interface Owner {
  readonly path: string;
  readonly tries: Tries;
}
