import type { ErrorRecord } from "./errors.ts";

/**
 * The errors that Baton itself gives a run or an attempt: no handler throws them, so they have a
 * name and no class. Each has a section of its name in docs/errors.md, and this says where.
 *
 * @example if (run.error?.name === "PoisonError") console.log(runErrors.PoisonError);
 */
export const runErrors = {
  /** An output is larger than 256 KiB. */
  OutputTooLargeError: "docs/errors.md#outputtoolargeerror",
  /** Input and outputs of a run are larger than 4 MiB together. */
  StateTooLargeError: "docs/errors.md#statetoolargeerror",
  /** The database cannot store what came of an attempt. */
  UnserializableError: "docs/errors.md#unserializableerror",
  /** What is stored of a run cannot be read. */
  UnreadableRunError: "docs/errors.md#unreadablerunerror",
  /** The database cannot store that a lease ran out. */
  UnstorableError: "docs/errors.md#unstorableerror",
  /** A run is due at a time that cannot be meant. */
  UnlawfulTimeError: "docs/errors.md#unlawfultimeerror",
  /** A run is the child of a child, nine times over. */
  FamilyTooDeepError: "docs/errors.md#familytoodeeperror",
  /** A lease ran out: what a crash is to the database. */
  PollerCrashedError: "docs/errors.md#pollercrashederror",
  /** Three leases in a row ran out while they held this run alone. */
  PoisonError: "docs/errors.md#poisonerror",
  /** A run was cancelled, and not everything that it had done could be undone. */
  UndoIncompleteError: "docs/errors.md#undoincompleteerror",
} as const;

export type RunErrorName = keyof typeof runErrors;

/** One of them as it is stored; the message is a sentence that says what to do next. */
export function runError(name: RunErrorName, message: string): ErrorRecord {
  return { name, message };
}
