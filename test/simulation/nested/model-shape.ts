import type { UndoSpec, WorkflowSpec } from "./spec.ts";

type State = Readonly<Record<string, unknown>>;

/** A row that may be stored. */
export interface Row {
  readonly output: unknown;
  /** 0: no handler makes it. Undefined: it cannot be told. */
  readonly attempt: number | undefined;
  /** A run may be done without it. */
  readonly optional: boolean;
}

/** What a run is to do. */
export interface Model {
  readonly rows: ReadonlyMap<string, Row>;
  /** What handlers see, by path; and functions, by `askedAt` of it. */
  readonly states: ReadonlyMap<string, State>;
  /** How many items of a map may be open, by the path of the map. */
  readonly limits: ReadonlyMap<string, number>;
  /** It ends as failed, however often it is redriven. */
  readonly stays: boolean;
  /** It may fail until redrives have healed it. */
  readonly heals: boolean;
  /** How many redrives heal it at most. */
  readonly redrives: number;
  /** What it comes to. */
  readonly output: unknown;
  readonly spec: WorkflowSpec;
  /** Runs that it starts, by the paths of their nodes. */
  readonly children: ReadonlyMap<string, ChildModel>;
  /** What has an undo, by path. */
  readonly undos: ReadonlyMap<string, UndoModel>;
}

/** What is taken back of a node, if it has run. */
export interface UndoModel extends UndoSpec {
  readonly isConditional: boolean;
}

/** A run that another one starts. */
export interface ChildModel {
  readonly key: string;
  readonly model: Model;
  readonly isAwaited: boolean;
}

/** A model and those of its children, and theirs, by their keys. */
export function familyOf(key: string, model: Model, isAwaited = false): ChildModel[] {
  return [{ key, model, isAwaited }, ...[...model.children.values()].flatMap((child) => familyOf(child.key, child.model, child.isAwaited))];
}

/** What is stored below a node for each time that it asks: the path of one in place of all. */
export function timesOf(path: string): string {
  return path.replace(/(\/~(?:until|asked|begun|child))\/\d{5}$/, "$1/*");
}

/** Where the state is kept that the functions of a node see. */
export function askedAt(path: string): string {
  return `${path}?`;
}
