import type { Ended, Left } from "./verdict.ts";
import type { ChildModel } from "./model-shape.ts";

/** A run that there was to be. */
export type Relative = ChildModel;

/** What may become of runs that are poison, or whose children are. */
const byOthers = new Set(["PoisonError", "ChildFailedError", "ChildCancelledError", "UndoIncompleteError"]);

/** Each run is there once, by whom it was to be started, and has come to what it was to. */
export function judgeFamily(runs: readonly Ended[], relatives: readonly Relative[], { cancelled, faults }: Left): string[] {
  const byKey = Map.groupBy(runs, ({ key }) => key);
  const known = new Set(relatives.map(({ key }) => key));
  return [
    ...runs.filter(({ key }) => !known.has(key)).map(({ id, key }) => `run ${id} is started as ${key}, which is none of the models'`),
    ...relatives.flatMap((relative) => {
      const [run, ...others] = byKey.get(relative.key) ?? [];
      if (run === undefined) return [];
      if (relative.key !== run.id) faults.count(`child ${relative.isAwaited ? "" : "detached "}${run.status}`);
      const parent = runs.find(({ id }) => id === run.parent);
      const problems = [
        ...(others.length > 0 ? [`${relative.key} is started ${1 + others.length} times`] : []),
        ...judgeLink(run, relative, parent),
        ...judgeStatus(run, relative, runs, cancelled.has(run.id)),
      ];
      return problems.map((problem) => `run ${run.id}: ${problem}`);
    }),
  ];
}

/** Its parent says that it has started it, and nobody else. */
function judgeLink(run: Ended, { key, isAwaited }: Relative, parent: Ended | undefined): string[] {
  if (key === run.id) return run.parent === null ? [] : [`it is a child of ${run.parent}`];
  if (parent === undefined || key !== `${parent.key}>${run.path}`)
    return [`it is the child of ${run.parent} at ${run.path}, and is ${key}`];
  const mark = isAwaited ? `${run.path}/~child/` : run.path!;
  const marks = parent.rows.filter(({ node }) => (isAwaited ? node.startsWith(mark) : node === mark));
  const ids = marks.map(({ output }) => Object.values(output as object)[0] as unknown);
  return ids.length > 0 && ids.every((id) => id === run.id) ? [] : [`its parent has started ${JSON.stringify(ids)} at ${run.path}`];
}

/** One that somebody awaits may end as it likes as long as its output was not taken. */
function judgeStatus(run: Ended, { model, isAwaited }: Relative, runs: readonly Ended[], wasCancelled: boolean): string[] {
  const parent = runs.find(({ id }) => id === run.parent);
  const { status, error, place } = run;
  const told = `${status ?? place}${error === null ? "" : `: ${JSON.stringify(error)}`}`;
  if (status === null) return [`it is ${told}, and has not ended`];
  if (isAwaited && parent!.rows.some(({ node }) => node === run.path))
    return status === "done" ? [] : [`it is ${told}, and its parent has its output`];
  if (isAwaited && parent!.status === "done" && !mayMiss(run, parent!)) return [`it is ${told}, and its parent is done without its output`];
  if (status === "done") return model.stays ? [`it is done in place of failed`] : [];
  if (status === "cancelled") return isAwaited || wasCancelled ? [] : [`it is ${told}, and nobody has cancelled it`];
  if (model.stays || isAwaited) return [];
  return isFinal(run, runs) && (model.heals || byOthers.has(error?.name ?? "")) ? [] : [`it is ${told} in place of done`];
}

/** Nobody can redrive what was undone, nor one whose child was. */
function isFinal({ id, rows }: Ended, runs: readonly Ended[]): boolean {
  return rows.some(({ node }) => node === "~verdict") || runs.some((child) => child.parent === id && isFinal(child, runs));
}

/** In an item that has failed nobody awaits it. */
function mayMiss({ path }: Ended, { failures }: Ended): boolean {
  const item = /^.*?\/\d{5}\//.exec(path!)?.[0];
  return item !== undefined && failures.some(({ node, isFatal }) => isFatal && node.startsWith(item));
}
