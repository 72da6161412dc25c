import { undoFailsAt } from "./behaviour.ts";
import type { Faults } from "./faults.ts";
import type { Model } from "./model-shape.ts";
import type { Ended } from "./verdict.ts";

interface Ruling {
  readonly status: "failed" | "cancelled";
  readonly error: unknown;
  readonly begun?: readonly string[];
  readonly crashed?: true;
}

interface Entry {
  readonly path: string;
  readonly at: number;
}

/**
 * What a run has done is undone, the last one to be over first, before it ends as it was to.
 * tried: what was undone, each when it was first tried.
 */
export function judgeUndo(run: Ended, model: Model, tried: readonly string[], faults: Faults): string[] {
  const ruling = run.rows.find(({ node }) => node === "~verdict")?.output as Ruling | undefined;
  const entries = entriesOf(run, model, ruling, tried);
  if (ruling === undefined) {
    const isOpen = run.status === "failed" && entries.length > 0;
    return isOpen || tried.length > 0 ? [`it is ${run.status}, and of ${told(entries)} is undone ${tried.join(", ")}`] : [];
  }
  const failed = entries.filter(({ path }) => undoFailsAt(model.undos.get(path)!, path) === Infinity);
  faults.count(`undone ${run.status}${failed.length > 0 ? " incomplete" : ""}${entries.length === 0 ? " of nothing" : ""}`);
  const isCut = run.error?.name === "PoisonError" && JSON.stringify(run.error) !== JSON.stringify(ruling.error);
  const expected = isCut ? entries.slice(0, tried.length) : entries;
  if (!isInOrder(tried, expected, entries)) return [`${tried.join(", ")} is undone in place of ${told(entries)}`];
  return isCut ? [] : [...judgeRows(run, entries, failed), ...judgeEnding(run, ruling, failed.length)];
}

/** Each once. Of what was over at one moment the chain says the order, which is no matter here. */
function isInOrder(tried: readonly string[], expected: readonly Entry[], entries: readonly Entry[]): boolean {
  const times = new Map(entries.map(({ path, at }) => [path, at]));
  const isOnce = new Set(tried).size === tried.length;
  return isOnce && tried.map((path) => times.get(path)).join() === expected.map(({ at }) => at).join();
}

function told(entries: readonly Entry[]): string {
  return entries.map(({ path, at }) => `${path} (${at})`).join(", ");
}

/** Each is undone, or its undo has failed for good. */
function judgeRows({ rows, failures }: Ended, entries: readonly Entry[], failed: readonly Entry[]): string[] {
  const undone = rows.filter(({ node }) => node.startsWith("~undo/")).length;
  const count = rows.find(({ node }) => node === "~undone")?.output;
  const left = entries.filter(({ path }) => {
    const isUndone = rows.some(({ node }) => node === `~undo/${path}`);
    const hasFailed = failures.some(({ node, isFatal }) => isFatal && node === `~undo/${path}`);
    return failed.some((one) => one.path === path) ? !hasFailed || isUndone : !isUndone;
  });
  return [
    ...left.map(({ path }) => `${path} is not undone as it was to be`),
    ...(undone + failed.length === entries.length ? [] : [`${undone} are undone of ${entries.length}, and ${failed.length} are not to be`]),
    ...(count === (failed.length === 0 ? undone : undefined) ? [] : [`~undone is ${JSON.stringify(count)} where ${undone} are`]),
  ];
}

function judgeEnding({ status, error }: Ended, ruling: Ruling, failed: number): string[] {
  const expected = failed === 0 ? ruling.status : "failed";
  if (status !== expected) return [`it is ${status} in place of ${expected}, and undone`];
  if (ruling.error !== null && JSON.stringify(error) !== JSON.stringify(ruling.error))
    return [`it has failed with ${JSON.stringify(error)}, and not as ruled`];
  return ruling.error === null && failed > 0 && error?.name !== "UndoIncompleteError"
    ? [`it has failed with ${JSON.stringify(error)}`]
    : [];
}

/** What is over, and what has begun and brought nothing; that which was out was over last. */
function entriesOf({ rows, failures }: Ended, { undos }: Model, ruling: Ruling | undefined, tried: readonly string[]): Entry[] {
  const timeOf = (path: string) => rows.find(({ node }) => node === path)?.at;
  const entries = [...undos].flatMap(([path, { evenIfFailed, isConditional }]): Entry[] => {
    const at = timeOf(path);
    if (at !== undefined) return isConditional && timeOf(`${path}/~when`) === undefined ? [] : [{ path, at }];
    if (!evenIfFailed) return [];
    if (ruling?.begun?.includes(path) === true) return [{ path, at: Infinity }];
    const last = Math.max(...failures.filter(({ node }) => node === path).map((failure) => failure.at));
    // What a dead poller was at, nobody else knows.
    const mayHaveBegun = ruling?.crashed === true && tried[0] === path && !path.includes("/");
    return last > -Infinity ? [{ path, at: last }] : mayHaveBegun ? [{ path, at: Infinity }] : [];
  });
  return entries.toSorted((a, b) => (a.at === b.at ? (a.path < b.path ? 1 : -1) : b.at - a.at));
}
