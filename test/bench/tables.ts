import { judge, goals } from "./goals.ts";
import { median } from "./measurements/statistics.ts";
import { shown } from "./report.ts";
import type { Results } from "./suite.ts";

/** The results of both suites. */
export interface Published {
  readonly baton: Results;
  readonly peers: Results;
}

const NAMES: Readonly<Record<string, string>> = {
  "baton-1000": "Baton",
  "baton-pg": "Baton through pg",
  "baton-neon": "Baton through Neon’s driver",
  raw: "raw SQL by hand",
  plain: "two plain inserts",
  "pg-boss": "pg-boss",
  "graphile-worker": "graphile-worker",
  dbos: "DBOS",
  openworkflow: "OpenWorkflow",
  "workflow-devkit": "Workflow DevKit",
};

type Row = readonly (string | number)[];

/** A table in Markdown; numbers as people read them. */
function table(head: readonly string[], rows: readonly Row[]): string {
  const line = (cells: readonly unknown[]) => `| ${cells.join(" | ")} |`;
  const text = (cell: string | number) => (typeof cell === "number" ? shown(cell) : cell);
  return [line(head), line(head.map((_, n) => (n === 0 ? "---" : "---:"))), ...rows.map((row) => line(row.map(text)))].join("\n");
}

/**
 * Reads medians; rowsOf gives a row for each measurement whose id begins with a prefix, dearest
 * first.
 */
export function reader({ measurements }: Results) {
  const figure = (id: string, name: string) => median(measurements[id]?.values[name] ?? []);
  const ids = (prefix: string, by: string) =>
    Object.keys(measurements)
      .filter((id) => id.startsWith(prefix) && !Number.isNaN(figure(id, by)))
      .toSorted((a, b) => figure(b, by) - figure(a, by));
  return { figure, ids };
}

export const nameOf = (id: string) => NAMES[id.split("/")[1] ?? ""] ?? id;
const version = ({ measurements }: Results, id: string) => (measurements[id]?.about?.["version"] as string | undefined) ?? "";

/** The blocks of docs/benchmarks.md, by the names of their markers. */
export function blocks(published: Published): Readonly<Record<string, string>> {
  const { baton, peers } = published;
  const peer = reader(peers);
  const own = reader(baton);
  const drain = (workload: string, perRun: number) =>
    table(
      [
        "",
        "version",
        "runs/s",
        "of Baton",
        "server CPU, µs a run",
        "its own CPU, µs a run",
        "statements a run",
        "commits a run",
        "WAL bytes a run",
      ],
      peer
        .ids(`${workload}/`, "drainedPerSecond")
        .map((id) => [
          nameOf(id),
          version(peers, id),
          peer.figure(id, "drainedPerSecond"),
          peer.figure(id, "drainedPerSecond") / peer.figure(`${workload}/baton-1000`, "drainedPerSecond"),
          peer.figure(id, "serverCpuMicroseconds"),
          peer.figure(id, "workerCpuMicroseconds"),
          peer.figure(id, "drainStatements") * perRun,
          peer.figure(id, "drainCommits") * perRun,
          peer.figure(id, "drainWalBytes"),
        ]),
    );
  const pollers = table(
    ["", "1 poller", "2 pollers", "4 pollers"],
    (["W1", "W2"] as const).flatMap((workload) =>
      (["pg", "neon"] as const).map((driver) => [
        `${workload} through ${driver}, runs/s`,
        ...[1, 2, 4].map((n) => own.figure(`${workload}/baton-${driver}/${n}`, "drainedPerSecond")),
      ]),
    ),
  );
  const enqueueing = table(
    ["", "runs/s", "server CPU, µs a run", "producer CPU, µs a run", "WAL bytes a run"],
    peer
      .ids("enqueue/", "enqueuedPerSecond")
      .map((id) => [
        nameOf(id),
        ...["enqueuedPerSecond", "serverCpuMicroseconds", "producerCpuMicroseconds", "walBytes"].map((name) => peer.figure(id, name)),
      ]),
  );
  const latency = table(
    [
      "1 run/s, three steps; ms",
      "to first step, p50",
      "to done, p50",
      "to done, p90",
      "to done, max",
      "enqueue call, p50",
      "statements a run",
      "idle statements/s",
    ],
    peer
      .ids("W4/", "doneP50")
      .toReversed()
      .map((id) => [
        nameOf(id),
        ...["startP50", "doneP50", "doneP90", "doneMax", "enqueueCallP50", "statementsPerRun", "idleStatementsPerSecond"].map((name) =>
          peer.figure(id, name),
        ),
      ]),
  );
  const growth = table(
    ["W3", "runs/s", "of empty", "buffers of a claim of 500"],
    [
      ["empty tables", own.figure("W3/empty", "drainedPerSecond"), 1, own.figure("W3/empty", "claimBuffers")],
      [
        "full tables",
        own.figure("W3/full", "drainedPerSecond"),
        own.figure("W3/full", "drainedPerSecond") / own.figure("W3/empty", "drainedPerSecond"),
        own.figure("W3/full", "claimBuffers"),
      ],
      ["first 200,000 under a held snapshot", own.figure("W3/snapshot", "first"), "", ""],
      [
        "200,000 after 400,000 under it",
        own.figure("W3/snapshot", "after"),
        own.figure("W3/snapshot", "after") / own.figure("W3/snapshot", "first"),
        "",
      ],
    ],
  );
  const payloads = table(
    ["W5", "runs/s", "WAL bytes a step", "poller’s memory, MB"],
    [200, 8_192, 65_536].map((bytes) => [
      `payloads of ${bytes.toLocaleString("en")} bytes`,
      own.figure(`W5/${bytes}`, "drainedPerSecond"),
      own.figure(`W5/${bytes}`, "drainWalBytes") / 3,
      own.figure(`W5/${bytes}`, "workerMaxRssBytes") / 1e6,
    ]),
  );
  const longRun = table(
    ["one run of 1,000 steps", ""],
    [
      ["steps 1 to 100, ms each", own.figure("W5/long-run", "firstStepMs")],
      ["steps 901 to 1,000, ms each", own.figure("W5/long-run", "lastStepMs")],
      ["WAL bytes a step, its own commit included", own.figure("W5/long-run", "walBytesPerStep")],
    ],
  );
  const distance = table(
    ["W6, one poller of batch 500", "steps/s"],
    [2, 10, 50].map((ms) => [`${ms} ms away`, own.figure(`W6/${ms}`, "drainedPerSecond") * 3]),
  );
  const trickle = table(
    ["W7, 500 runs in a lease", "steps/s", "statements a step", "WAL bytes a step", "server CPU, µs a step"],
    ["trickle", "together"].map((name) => [
      name === "trickle" ? "steps of 50 to 500 ms" : "steps of 275 ms",
      own.figure(`W7/${name}`, "drainedPerSecond") * 10,
      ...["drainStatements", "drainWalBytes", "serverCpuMicroseconds"].map((figure) => own.figure(`W7/${name}`, figure) / 10),
    ]),
  );
  const step = (id: string, shape: string) =>
    `${shown(own.figure(id, `${shape}PerSecond`))} (${shown(own.figure(id, `${shape}P50`))}, ${shown(own.figure(id, `${shape}P95`))})`;
  const lone = table(
    ["W8, steps/s (ms a step: p50, p95)", "`select 1`, ms", "1,000 nodes", "3,000 nodes", "a script of 3,000 steps"],
    ["baton-pg", "baton-neon"].flatMap((name) =>
      [0, 2, 5].map((ms) => {
        const id = `W8/${name}/${ms}`;
        return [
          `${nameOf(id)}, ${ms} ms added`,
          own.figure(id, "roundTripMs"),
          ...["chain1000", "chain3000", "script3000"].map((shape) => step(id, shape)),
        ];
      }),
    ),
  );
  const sizes = table(
    ["W9, one run", "a second"],
    [
      ["map of 100 items", own.figure("W9/map", "100PerSecond")],
      ["map of 10,000 items", own.figure("W9/map", "10000PerSecond")],
      ["repeat of 100 passes", own.figure("W9/repeat", "100PerSecond")],
      ["repeat of 1,000 passes", own.figure("W9/repeat", "1000PerSecond")],
    ],
  );
  const waits = table(
    ["W10, to the next step; ms", "p50", "p95", "p50, of an enqueue"],
    [
      ["an enqueue, to its first step", "enqueue"],
      ["a signal to a run", "signal"],
      ["a signal by a business key", "key"],
      ["an approval’s decision", "approval"],
      ["a callback’s completion", "callback"],
    ].map(([what = "", kind]) => {
      const [p50, p95, base] = [`${kind}P50`, `${kind}P95`, "enqueueP50"].map((name) => own.figure("W10/npm-start", name));
      return [what, p50!, p95!, p50! / base!];
    }),
  );
  const verdicts = (["peers", "baton"] as const).flatMap((suite) => judge(goals[suite], published[suite]));
  return {
    w1: drain("W1", 1),
    w2: drain("W2", 1),
    pollers,
    enqueueing,
    latency,
    growth,
    payloads,
    longRun,
    distance,
    trickle,
    lone,
    sizes,
    waits,
    goals: ["```", ...verdicts, "```"].join("\n"),
    machine: `${peers.machine["cpu"]}, ${peers.machine["cores"]} cores, ${peers.machine["memoryGiB"]} GiB, kernel ${peers.machine["kernel"]}, PostgreSQL ${String(peers.server["postgres"])}, Node ${peers.machine["node"]}; ${peers.startedAt.slice(0, 10)}`,
    settings: settingsOf(peers),
  };
}

function settingsOf({ measurements }: Results): string {
  return table(
    ["", "settings"],
    Object.entries(measurements)
      .filter(([id]) => id.startsWith("W2/"))
      .map(([id, { about }]) => [
        nameOf(id),
        Object.entries((about?.["settings"] ?? {}) as Record<string, unknown>)
          .map(([key, value]) => `${key} ${String(value)}`)
          .join(", "),
      ]),
  );
}
