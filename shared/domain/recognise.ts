import { describeError, type ErrorRecord } from "./errors.ts";
import { Family, noFamily, type ChildEnding, type ItemEnding, type ItemsTold } from "./family.ts";
import type { ChildFacts, ItemFacts, ItemsFacts } from "./family-protocol.ts";
import { Mail, noMail } from "./mail.ts";
import type { ClaimedRun } from "./protocol.ts";
import { shapeOf, type Registry } from "./registry.ts";
import { runError } from "./run-errors.ts";
import { createRun, unknownPath, type Run } from "./run.ts";

/**
 * A claimed run: one that this code can go on with, or one that has to wait, as blocked, for code
 * of another `shape` than this one.
 */
export type Claimed =
  | { readonly kind: "known"; readonly run: Run }
  | { readonly kind: "unknown"; readonly run: Run; readonly shape: string; readonly reason: string }
  /**
   * What is stored of it cannot be read, such as JSON of 6,000 levels: it fails, and its neighbours
   * do not notice.
   */
  | { readonly kind: "unreadable"; readonly run: Run; readonly error: ErrorRecord };

/**
 * Finds the workflow that a claimed run was begun with. A run that this code does not know never
 * fails: it waits. asOf: when it was claimed, by the database.
 */
export function recognise(facts: ClaimedRun, registry: Registry, asOf = -Infinity): Claimed {
  try {
    return recogniseReadable(facts, registry, asOf);
  } catch (thrown) {
    const { id, workflow: name, version } = facts;
    const message = `What is stored of this run cannot be read: ${describeError(thrown).message}. Mend its rows, then redrive it.`;
    return {
      kind: "unreadable",
      run: createRun({ id, workflow: { name, version, nodes: [] }, input: null }),
      error: runError("UnreadableRunError", message),
    };
  }
}

function recogniseReadable(facts: ClaimedRun, registry: Registry, asOf: number): Claimed {
  const { id, workflow: name, version, input, outputs, failures, forgiven, asleep, backing_off: backingOff, fatal, mail } = facts;
  const workflow = registry.find(name, version);
  const known = workflow ?? { name, version, nodes: [] };
  const waits = asleep || backingOff ? { ...asleep, ...backingOff } : null;
  const notBefore = mapValues(waits, (until) => Date.parse(until));
  const failed = mapValues(fatal, ({ attempt, at, error }) => ({ attempt, at: Date.parse(at), error }));
  const run = createRun({
    id,
    workflow: known,
    input,
    outputs,
    failures,
    forgiven,
    notBefore,
    fatal: failed,
    redrives: facts.redrives,
    finished: facts.finished,
    mail: mailOf(asOf, mail),
    family: familyOf(facts.family),
  });
  if (workflow === undefined) {
    return { kind: "unknown", run, shape: "", reason: `this code has no workflow "${name}" version ${version}` };
  }
  const path = unknownPath(run, outputs);
  if (path === undefined) return { kind: "known", run };
  const reason = `version ${version} of workflow "${name}" in this code cannot have stored an output for "${path}"`;
  return { kind: "unknown", run, shape: shapeOf(workflow), reason };
}

/** What was told of a run's mail: without that, nothing is known. */
export function mailOf(asOf: number, facts: ClaimedRun["mail"]): Mail {
  if (facts === null || facts === undefined) return noMail;
  const { letters, names, taken } = facts;
  return new Mail(
    asOf,
    letters.map(({ n, name, body, at }) => ({ n, name, body, at: Date.parse(at) })),
    names,
    taken ?? [],
  );
}

/** What was told of a run's children: without that, nothing is known. */
export function familyOf(facts: ClaimedRun["family"]): Family {
  if (facts === null || facts === undefined) return noFamily;
  const endings: [string, ChildEnding][] = [];
  const lists: [string, ItemsTold][] = [];
  for (const [path, told] of Object.entries(facts)) {
    if ("open" in told) lists.push([path, itemsOf(told)]);
    else endings.push([path, endingOf(told)]);
  }
  return new Family(endings, lists);
}

function itemsOf({ open, behind, failed, first, page }: ItemsFacts): ItemsTold {
  const itemOf = (item: ItemFacts): ItemEnding => ({ ...endingOf(item), item: item.item });
  return { open, behind, failed, firstFailed: first ? itemOf(first) : undefined, page: page?.map(itemOf) };
}

function endingOf({ run, status, output, error }: ChildFacts): ChildEnding {
  return { run, status, output, error: error ?? undefined };
}

function mapValues<From, To>(
  values: Readonly<Record<string, From>> | null | undefined,
  map: (value: From) => To,
): Record<string, To> | null {
  if (values === null || values === undefined) return null;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));
}
