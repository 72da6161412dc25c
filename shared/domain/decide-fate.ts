import type { Circumstances, Fate } from "./decision.ts";
import { jsonbBytes } from "./jsonb-bytes.ts";
import { WAIT_IN_LEASE_BELOW_MS } from "./limits.ts";
import type { AttemptMove } from "./moves.ts";
import { DEFAULT_QUEUE } from "./queue.ts";
import type { Fact, Look } from "./standing.ts";

export const stay: Fate = { kind: "stay", wait: undefined };

/** How a run that is not over goes on. isBusy: attempts are out; mayLinger: for a short time. */
export function decideFate(
  { until, names, overdue, children, told }: Look,
  { now, clock, queue }: Pick<Circumstances, "now" | "clock" | "queue">,
  { isBusy, mayLinger }: { readonly isBusy: boolean; readonly mayLinger: boolean },
): Fate {
  const asks = names && { names, overdue };
  if (until === undefined) {
    if (children && !isBusy && told !== true) return park(null, queue, names, children);
    return asks === undefined && !children ? stay : { kind: "stay", wait: undefined, asks, children };
  }
  const delayMs = Math.max(until - now, 0);
  const stays = isBusy || told === true || overdue !== undefined || (delayMs < WAIT_IN_LEASE_BELOW_MS && mayLinger);
  return stays ? { kind: "stay", wait: { until, clock: clock + delayMs }, asks, children } : park(delayMs, queue, names, children);
}

/** What waits for others is where whoever wakes it wakes a poller. */
function park(
  delayMs: number | null,
  queue = DEFAULT_QUEUE,
  names: readonly string[] | undefined,
  children: readonly string[] | undefined,
): Fate {
  const staysHere = queue === DEFAULT_QUEUE || (names ?? children) === undefined;
  return { kind: "park", delayMs, names, children, ...(!staysHere && { queue: DEFAULT_QUEUE }) };
}

/** That of a sleep, as it is stored: to a millisecond. */
export function sleepRow(until: number): Fact {
  const output = Object.freeze({ until: new Date(until).toISOString() });
  return { output, bytes: jsonbBytes(output), notBefore: until };
}

/** What is out, and no node asks for any more. */
export function unwanted(out: Iterable<string>, moves: readonly AttemptMove[]): string[] {
  const wanted = new Set(moves.map(({ path }) => path));
  return [...out].filter((path) => !wanted.has(path));
}
