import { startEndpoint } from "../endpoint.ts";
import { measureEnqueueing } from "../measurements/enqueueing.ts";
import { measureGrowth, measureHeldSnapshot } from "../measurements/growth.ts";
import { measureLatency } from "../measurements/latency.ts";
import { measureLoneSizes, measureLoneSteps } from "../measurements/lone-steps.ts";
import { measureLongRun } from "../measurements/long-run.ts";
import { measurePost } from "../measurements/post-latency.ts";
import { measureThroughput, type Throughput } from "../measurements/throughput.ts";
import { measureWaits } from "../measurements/wait-latency.ts";
import type { BenchServer } from "../server.ts";
import type { Measurement } from "../suite.ts";

export const contender = (name: string) => new URL(`../contenders/${name}.ts`, import.meta.url);

/** A measurement behind a Neon endpoint of its own. */
async function behindEndpoint(server: BenchServer, task: Throughput, delayMs = 0) {
  const endpoint = await startEndpoint(server.port, delayMs);
  try {
    return await measureThroughput(server, { ...task, env: { ...task.env, BENCH_NEON_ENDPOINT: endpoint.url } });
  } finally {
    await endpoint.stop();
  }
}

const throughput = (["W1", "W2"] as const).flatMap((workload) =>
  (["pg", "neon"] as const).flatMap((driver) =>
    [1, 2, 4].map((pollers): Measurement => {
      const task = { module: contender(`baton-${driver}`), workload, runs: workload === "W1" ? 300_000 : 150_000, pollers };
      return {
        id: `${workload}/baton-${driver}/${pollers}`,
        title: `${workload}, Baton through ${driver}, ${pollers} poller${pollers > 1 ? "s" : ""}`,
        shown: "drainedPerSecond",
        run: (server) => behindEndpoint(server, task),
      };
    }),
  ),
);

const raw = (["W1", "W2"] as const).map((workload): Measurement => ({
  id: `${workload}/raw/1`,
  title: `${workload}, raw, 1 process`,
  shown: "drainedPerSecond",
  run: (server) => measureThroughput(server, { module: contender("raw"), workload, runs: 120_000, pollers: 1 }),
}));

const enqueueing = ["baton-pg", "plain", "raw"].map((name): Measurement => ({
  id: `enqueue/${name}`,
  title: `enqueue, ${name}`,
  shown: "enqueuedPerSecond",
  run: (server) => measureEnqueueing(server, contender(name), 200_000),
}));

const none = { finished: 0, ready: 0, delayed: 0, leased: 0, dead: 0 };
const full = { finished: 1_000_000, ready: 500_000, delayed: 1_000_000, leased: 10_000, dead: 100_000 };
const growth: Measurement[] = [
  { id: "W3/empty", title: "W3, empty tables", shown: "drainedPerSecond", rounds: 2, run: (server) => measureGrowth(server, none) },
  { id: "W3/full", title: "W3, full tables", shown: "drainedPerSecond", rounds: 2, run: (server) => measureGrowth(server, full) },
  {
    id: "W3/snapshot",
    title: "W3, under a held snapshot",
    shown: "after",
    rounds: 2,
    run: (server) => measureHeldSnapshot(server, 400_000),
  },
];

const post: Measurement = { id: "W4/npm-start", title: "W4, POST through npm start", shown: "startP50", rounds: 1, run: measurePost };
const latency: Measurement[] = ["baton-neon", "baton-pg"].map((name) => ({
  id: `W4/${name}`,
  title: `W4, ${name}, 1 run/s`,
  shown: "doneP50",
  rounds: 1,
  run: (server) => measureLatency(server, contender(name), 60, 1_000),
}));

/** The heap of a small function: with 24 GiB at hand, V8 lets garbage lie. */
const smallHeap = ["--max-old-space-size=160", "--max-semi-space-size=8"];
const long: Measurement[] = [
  { id: "W5/long-run", title: "W5, one run of 1,000 steps", shown: "lastStepMs", run: measureLongRun },
  ...([200, 8_192, 65_536] as const).map((bytes): Measurement => {
    const env = { BENCH_PAYLOAD_BYTES: `${bytes}` };
    const task = {
      module: contender("baton-pg"),
      workload: "W2",
      runs: Math.min(20_000, Math.ceil(1e8 / bytes)),
      pollers: 1,
      env,
      execArgv: smallHeap,
    } as const;
    return {
      id: `W5/${bytes}`,
      title: `W5, payloads of ${bytes} bytes, heap of 160 MB`,
      shown: "drainedPerSecond",
      run: (server) => measureThroughput(server, task),
    };
  }),
];

const distance = [2, 10, 50].map((delayMs): Measurement => ({
  id: `W6/${delayMs}`,
  title: `W6, database ${delayMs} ms away`,
  shown: "drainedPerSecond",
  run: (server) => behindEndpoint(server, { module: contender("baton-neon"), workload: "W2", runs: 20_000, pollers: 1 }, delayMs),
}));

const trickle = ["trickle", "together"].map((name): Measurement => ({
  id: `W7/${name}`,
  title: `W7, steps that ${name === "trickle" ? "trickle" : "finish together"}`,
  shown: "drainedPerSecond",
  run: (server) => measureThroughput(server, { module: contender(`baton-${name}`), workload: "W2", runs: 2_000, pollers: 1 }),
}));

const lone = (["pg", "neon"] as const).flatMap((driver) =>
  [0, 2, 5].map((addedMs): Measurement => ({
    id: `W8/baton-${driver}/${addedMs}`,
    title: `W8, one run alone through ${driver}, ${addedMs} ms added to a round trip`,
    shown: "chain3000PerSecond",
    rounds: 1,
    run: (server) => measureLoneSteps(server, { driver, addedMs }),
  })),
);

const sizes = (
  [
    { shape: "map", what: "items", few: 100, many: 10_000 },
    { shape: "repeat", what: "passes", few: 100, many: 1_000 },
  ] as const
).map(({ shape, what, few, many }): Measurement => ({
  id: `W9/${shape}`,
  title: `W9, one ${shape} of ${few} and of ${many.toLocaleString("en")} ${what}`,
  shown: `${many}PerSecond`,
  rounds: 1,
  run: (server) => measureLoneSizes(server, shape, [few, many]),
}));

const waits: Measurement = {
  id: "W10/npm-start",
  title: "W10, what ends a wait, through npm start",
  shown: "signalP50",
  rounds: 1,
  run: measureWaits,
};

/** Everything that `npm run bench` measures: Baton beside itself and the limits. */
export const batonSuite: readonly Measurement[] = [
  ...throughput,
  ...raw,
  ...enqueueing,
  ...growth,
  ...latency,
  post,
  ...long,
  ...distance,
  ...trickle,
  ...lone,
  ...sizes,
  waits,
];
