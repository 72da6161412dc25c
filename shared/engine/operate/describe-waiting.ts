import type { ParentFacts } from "../../domain/family-protocol.ts";
import type { CheckpointFacts, RunFacts } from "../../domain/run-protocol.ts";
import { isAhead, isAsleep, isDeadline, rowsOf, unfinished } from "./part-status.ts";
import { utc } from "./run-format.ts";
import type { Place } from "./step-tree.ts";

/** Something that a run waits for. */
export interface Wait {
  readonly for: "retry" | "sleep" | "signal" | "approval" | "callback" | "children" | "concurrency" | "blocked";
  /** Null for children and items, and for a blocked run, which waits for code that knows it. */
  readonly until: string | null;
  readonly reason: string;
  /** Of signals, approvals, callbacks and children: the node that waits. */
  readonly path?: string;
  /** The signals that the run waits for, at this node or another. */
  readonly names?: readonly string[];
  /** Since when it does. */
  readonly since?: string;
  /** How many of the node's children have not ended. */
  readonly open?: number;
  /** How many of them have failed or were cancelled. */
  readonly failed?: number;
}

/** Why a run is not going on: what it waits for first. */
export interface WaitingView extends Wait {
  /** What else it waits for, the next first, where it does. */
  readonly others?: readonly Wait[];
}

/** Null where the run goes on, or is over. */
export function describeWaiting(facts: RunFacts, root: Place): WaitingView | null {
  if (facts.status === "blocked") return { for: "blocked", until: null, reason: facts.blocked ?? "this code does not know the run" };
  if (facts.status !== "waiting") return null;
  const until = facts.run_at === null ? null : utc(facts.run_at);
  const [first, ...others] = waitsOf(facts, root);
  if (first === undefined && facts.family?.parent?.waits === true) return itemWait(facts.family.parent);
  if (first === undefined) return { for: "sleep", until, reason: "the run was enqueued to start then" };
  return { ...first, until: first.until === null ? null : until, ...(others.length > 0 && { others }) };
}

/** An item of a map of which as many go on as may. */
function itemWait({ id, path }: ParentFacts): Wait {
  return { for: "concurrency", until: null, reason: `"${path}" of run ${id} waits for items before it to end`, path };
}

/** Everything that the run waits for: what is over first in front, then what takes as it takes. */
function waitsOf(facts: RunFacts, root: Place): Wait[] {
  const waits = [...waitsBelow(facts, root), ...childWaits(facts), ...hiddenWaits(facts)];
  const timed = waits.filter(({ until }) => until !== null);
  const endless = waits.filter(({ until }) => until === null);
  // By a clock that was set back, none may be ahead, though the run waits.
  const ahead = timed.filter(({ until }) => isAhead(facts, until));
  const shown = ahead.length > 0 || endless.length > 0 ? ahead : timed;
  return [...shown.toSorted((one, other) => Date.parse(one.until!) - Date.parse(other.until!)), ...endless];
}

function waitsBelow(facts: RunFacts, place: Place): Wait[] {
  return [
    ...rowsOf(place)
      .filter((row) => isAsleep(facts, row))
      .flatMap((row) => (isDeadline(row) ? (messageWait(facts, place, row) ?? []) : sleepWait(place, row))),
    ...unfinished(place, facts)
      .filter(({ retry_at }) => retry_at !== null)
      .map(({ attempt, retry_at }): Wait => ({
        for: "retry",
        until: utc(retry_at!),
        reason: `attempt ${attempt} of "${place.path}" failed`,
      })),
    ...[...place.parts.values()].flatMap((part) => waitsBelow(facts, part)),
  ];
}

function sleepWait({ path }: Place, { node, finished_at }: CheckpointFacts): Wait {
  const reason = node === path ? `"${path}" sleeps` : `"${path}" sleeps before its next pass`;
  return { for: "sleep", until: utc(finished_at), reason };
}

/** Undefined: it waited until then once, and does not any more. */
function messageWait({ awaits }: RunFacts, { path, marks }: Place, { node, started_at, finished_at }: CheckpointFacts): Wait | undefined {
  const index = node.slice(-5);
  const times = { until: utc(finished_at), path, since: utc(started_at) };
  const isAwaited = (mark: string) => awaits?.includes(`${path}/${mark}/${index}`) ?? false;
  if (isAwaited("~decision")) return { for: "approval", reason: `"${path}" waits for a decision`, ...times };
  if (isAwaited("~callback")) return { for: "callback", reason: `"${path}" waits to be completed from outside`, ...times };
  if (marks.some((mark) => /\/~(asked|begun)\/\d{5}$/.test(mark.node))) return undefined;
  const names = (awaits ?? []).filter((name) => !name.includes("/~"));
  const reason = `"${path}" waits for a signal${names.length > 0 ? `, such as ${names.join(" or ")}` : ""}`;
  return { for: "signal", reason, names, ...times };
}

/** A run may await children that are not told, of its first 100 nodes that await some. */
function childWaits({ family }: RunFacts): Wait[] {
  return (family?.awaits ?? []).flatMap(({ path, open, failed }) => {
    const reason = `"${path}" waits for ${open === 1 ? "its child" : `${open} children`}`;
    return open === 0 ? [] : [{ for: "children" as const, until: null, reason, path, open, failed }];
  });
}

/** Of steps that are not told one by one, no more is known than when the run goes on. */
function hiddenWaits(facts: RunFacts): Wait[] {
  const { hidden, run_at, family } = facts;
  if (run_at === null) return [];
  const isEndless = family?.awaits != null && isEndlessWait(facts, run_at);
  return (hidden ?? []).flatMap(({ under, counts: { waiting = 0 } }): Wait[] => {
    if (waiting === 0) return [];
    const steps = `${waiting} steps below "${under}"`;
    if (isEndless) return [{ for: "children", until: null, reason: `${steps} wait for children, too` }];
    return [{ for: "sleep", until: utc(run_at), reason: `${steps} wait so long or longer` }];
  });
}

/** A run that awaits children alone is due in ten years; nothing else waits for more than one. */
function isEndlessWait({ moment }: RunFacts, run_at: string): boolean {
  return Date.parse(utc(run_at)) - Date.parse(utc(moment)) > 5 * 366 * 86_400_000;
}
