import type { Node } from "../node.ts";
import { optionsOf } from "../options.ts";
import { indexBytes, indexOf } from "../parts.ts";
import { targetOf, type ChildWorkflow } from "./child.ts";
import { MAX_RUNS } from "./item-plan.ts";
import { AGAIN, FOLD, ItemRuns, PLAN, START } from "./item-runs.ts";
import { checkConcurrency, LIST_OPTIONS, resolveList, type AnyMapOptions } from "./map-options.ts";

const MARKS = [PLAN, START, AGAIN, FOLD];

/**
 * A run of a workflow for each item of a list. Its own row, `{ runs, parts, redrives }`, says that
 * it has begun: it is stored with the list, the inputs of a part of the items at `x/~plan/00000`.
 * `x/~start/00000` is stored with the start of these; a redrive that has failed ones go on makes
 * `x/~again/00001`; what they came to, or what was collected of it, is at `x/~fold/00000`.
 */
export function mapRunsNode(name: string, options: AnyMapOptions, workflow: ChildWorkflow): Node {
  const { concurrency } = optionsOf("a map", options, LIST_OPTIONS);
  if (concurrency !== undefined) checkConcurrency(concurrency, MAX_RUNS);
  const mapping = { ...resolveList(options), ...targetOf(workflow), over: options.over, concurrency };
  return {
    kind: "map",
    name,
    shape: `map:${name}(runs)`,
    timeoutsMs: [],
    pathBytes: name.length + 1 + PLAN.length + 1 + indexBytes,
    rowIsOutput: false,
    children: true,
    skips: (path) => [
      { path: `${path}/${PLAN}`, floor: "all" },
      ...(mapping.collect === undefined ? [] : [{ path: `${path}/${FOLD}`, floor: "last" as const }]),
    ],
    begin: (path) => ItemRuns.begin(path, mapping),
    holds: (below) => below === "" || MARKS.some((mark) => below.startsWith(`${mark}/`) && indexOf(below, mark.length + 1) >= 0),
  };
}
