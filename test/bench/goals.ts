import { median } from "./measurements/statistics.ts";
import type { Results } from "./suite.ts";

/** The median of a figure of a measurement. */
type Figure = (id: string, figure: string) => number;

/** What should hold within one run of a suite. */
export interface Goal {
  readonly text: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly value: (figure: Figure) => number;
}

const drained = "drainedPerSecond";
const ratio = (text: string, atLeast: number, of: string, to: string, figure = drained): Goal => ({
  text,
  atLeast,
  value: (median) => median(of, figure) / median(to, figure),
});

/** Quoted, not measured here. */
export const quoted = { what: "AWS durable functions, JavaScript, as published on 2026-09-09", stepsPerSecond: 33 } as const;

const lone = (what: string, figure: string): Goal => ({
  text: `W8 steps/s of ${what} through pg at 2 ms (10 times the ${quoted.stepsPerSecond} of AWS)`,
  atLeast: 10 * quoted.stepsPerSecond,
  value: (median) => median("W8/baton-pg/2", figure),
});
const growing = (text: string, id: string, few: number, many: number): Goal => ({
  text,
  atMost: 1.2,
  value: (median) => median(id, `${few}PerSecond`) / median(id, `${many}PerSecond`),
});

export const goals: Readonly<Record<"baton" | "peers" | "cost", readonly Goal[]>> = {
  // Figures to calculate with; what they rest on is judged by the others.
  cost: [],
  baton: [
    ratio("W2 through the Neon driver, of the same through pg", 0.6, "W2/baton-neon/1", "W2/baton-pg/1"),
    ...(["W1", "W2"] as const).flatMap((workload) =>
      (["pg", "neon"] as const).flatMap((driver) => [
        ratio(`${workload} ${driver}, 2 pollers to 1`, 1, `${workload}/baton-${driver}/2`, `${workload}/baton-${driver}/1`),
        ratio(`${workload} ${driver}, 4 pollers to 2`, 1, `${workload}/baton-${driver}/4`, `${workload}/baton-${driver}/2`),
      ]),
    ),
    ratio("enqueue, of two plain inserts", 0.7, "enqueue/baton-pg", "enqueue/plain", "enqueuedPerSecond"),
    ratio("W3 full, of empty", 0.95, "W3/full", "W3/empty"),
    {
      text: "W3 after 400,000 runs under a held snapshot, of before",
      atLeast: 0.8,
      value: (m) => m("W3/snapshot", "after") / m("W3/snapshot", "first"),
    },
    {
      text: "W3 buffers of a claim of 500, full to empty",
      atMost: 1.2,
      value: (m) => m("W3/full", "claimBuffers") / m("W3/empty", "claimBuffers"),
    },
    { text: "W4 p50 from enqueue to done through Neon, ms", atMost: 20, value: (m) => m("W4/baton-neon", "doneP50") },
    { text: "W4 statements a second while idle", atMost: 0, value: (m) => m("W4/baton-neon", "idleStatementsPerSecond") },
    {
      text: "W5 the 1,000th step to the first",
      atMost: 1.2,
      value: (m) => m("W5/long-run", "lastStepMs") / m("W5/long-run", "firstStepMs"),
    },
    { text: "W5 poller's memory with 64 KB payloads, MB", atMost: 250, value: (m) => m("W5/65536", "workerMaxRssBytes") / 1e6 },
    { text: "W6 steps/s at 10 ms", atLeast: 10_000, value: (m) => m("W6/10", drained) * 3 },
    { text: "W6 steps/s at 50 ms", atLeast: 4_000, value: (m) => m("W6/50", drained) * 3 },
    ratio("W7 trickling, of finishing together", 0.8, "W7/trickle", "W7/together"),
    {
      text: "W7 WAL of a round beyond its checkpoints and endings, bytes",
      atMost: 1_000,
      value: (m) =>
        (m("W7/trickle", "drainWalBytes") - m("W7/together", "drainWalBytes")) /
        (m("W7/trickle", "drainStatements") - m("W7/together", "drainStatements")),
    },
    lone("1,000 nodes", "chain1000PerSecond"),
    lone("3,000 nodes", "chain3000PerSecond"),
    lone("a script of 3,000 steps", "script3000PerSecond"),
    growing("W9 what one of 10,000 items takes, of one of 100", "W9/map", 100, 10_000),
    growing("W9 what one of 1,000 passes takes, of one of 100", "W9/repeat", 100, 1_000),
  ],
  peers: [
    ratio("W2, to DBOS", 50, "W2/baton-1000", "W2/dbos"),
    ratio("W2, to OpenWorkflow", 35, "W2/baton-1000", "W2/openworkflow"),
    ratio("W2, to a pg-boss chain", 1.8, "W2/baton-1000", "W2/pg-boss"),
    ratio("W2, to raw", 1.3, "W2/baton-1000", "W2/raw"),
    ratio("W1, to pg-boss", 1.4, "W1/baton-1000", "W1/pg-boss"),
    ratio("W1, to graphile-worker", 1.4, "W1/baton-1000", "W1/graphile-worker"),
    ratio("enqueue, to graphile-worker", 1.4, "enqueue/baton-pg", "enqueue/graphile-worker", "enqueuedPerSecond"),
    ratio("enqueue, of two plain inserts", 0.7, "enqueue/baton-pg", "enqueue/plain", "enqueuedPerSecond"),
    // 85 % of what the same ratios were for the raw of an earlier measurement: else raw would not
    // be the limit.
    ratio("raw W1, to graphile-worker", 2.28, "W1/raw", "W1/graphile-worker"),
    ratio("raw W2, to pg-boss", 1.18, "W2/raw", "W2/pg-boss"),
    ratio("raw W2, to DBOS", 33, "W2/raw", "W2/dbos"),
  ],
};

/** One line for each goal whose figures were measured. */
export function judge(goals: readonly Goal[], { measurements }: Results): string[] {
  const figure: Figure = (id, name) => median(measurements[id]?.values[name] ?? []);
  return goals.flatMap(({ text, atLeast, atMost, value }) => {
    const found = value(figure);
    if (Number.isNaN(found)) return [];
    const met = (atLeast === undefined || found >= atLeast) && (atMost === undefined || found <= atMost);
    const shown = found.toLocaleString("en", { maximumFractionDigits: found < 100 ? 2 : 0 });
    return [`${met ? "reached" : "MISSED "}  ${text}: ${shown} (${atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`})`];
  });
}
