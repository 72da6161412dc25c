import type { CheckpointFacts, RunFacts } from "../../domain/run-protocol.ts";
import { isAhead, isAsleep, isDeadline, rowsOf, unfinished } from "./part-status.ts";
import { utc } from "./run-format.ts";
import type { Place } from "./step-tree.ts";

/** Something that a run waits for. */
export interface Wait {
  readonly for: "retry" | "sleep" | "signal" | "approval" | "callback" | "blocked";
  /** Null for a blocked run, which waits for code that knows it. */
  readonly until: string | null;
  readonly reason: string;
  /** Of signals, approvals and callbacks: the node that waits. */
  readonly path?: string;
  /** The signals that the run waits for, at this node or another. */
  readonly names?: readonly string[];
  /** Since when it does. */
  readonly since?: string;
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
  if (first === undefined) return { for: "sleep", until, reason: "the run was enqueued to start then" };
  return { ...first, until, ...(others.length > 0 && { others }) };
}

/** Everything that the run waits for, what is over first in front. */
function waitsOf(facts: RunFacts, root: Place): Wait[] {
  const waits = [...waitsBelow(facts, root), ...hiddenWaits(facts)];
  // By a clock that was set back, none may be ahead, though the run waits.
  const ahead = waits.filter(({ until }) => isAhead(facts, until));
  return (ahead.length > 0 ? ahead : waits).toSorted((one, other) => Date.parse(one.until!) - Date.parse(other.until!));
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

/** Of steps that are not told one by one, no more is known than when the run goes on. */
function hiddenWaits({ hidden, run_at }: RunFacts): Wait[] {
  return (hidden ?? []).flatMap(({ under, counts: { waiting = 0 } }) =>
    waiting > 0 && run_at !== null
      ? [{ for: "sleep" as const, until: utc(run_at), reason: `${waiting} steps below "${under}" wait so long or longer` }]
      : [],
  );
}
