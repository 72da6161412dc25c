import { setTimeout as pause } from "node:timers/promises";
import { PgBoss } from "pg-boss";
import type { Contender, Payload, Progress, Workload } from "../contender.ts";
import { installedVersion } from "./installed-version.ts";

/** A step is a queue; what it returns is the data of the next queue's job. */
const queues = { W1: ["single"], W2: ["one", "two", "three"] } as const;
const loopsPerQueue = { W1: 4, W2: 1 } as const;
const batchSize = 1_000;

interface Step {
  readonly queue: string;
  work(payloads: readonly Payload[]): Promise<void>;
}

/** Supervision and schedules are switched off: they would only add statements of their own. */
async function open(url: string, listen = false): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    max: 10,
    supervise: false,
    schedule: false,
    registerInstance: false,
    useListenNotify: listen,
  });
  boss.on("error", (error) => console.error(error));
  return boss.start();
}

function stepsOf(boss: PgBoss, workload: Workload, { started, done }: Progress): Step[] {
  const names: readonly string[] = queues[workload];
  return names.map((queue, index) => ({
    queue,
    async work(payloads) {
      if (index === 0) for (const payload of payloads) started(payload);
      const next = names[index + 1];
      if (next === undefined) for (const payload of payloads) done(payload);
      else
        await boss.insert(
          next,
          payloads.map((data) => ({ data })),
        );
    },
  }));
}

/**
 * A worker as its docs write it for full batches: fetch, work, complete, without a wait between
 * them.
 */
async function fetchUntil(stopped: AbortSignal, boss: PgBoss, { queue, work }: Step): Promise<void> {
  while (!stopped.aborted) {
    const jobs = await boss.fetch<Payload>(queue, { batchSize });
    if (jobs.length === 0) await pause(10);
    else {
      await work(jobs.map(({ data }) => data));
      await boss.complete(
        queue,
        jobs.map(({ id }) => id),
      );
    }
  }
}

export default {
  name: "pg-boss",
  version: installedVersion("pg-boss"),
  settings: {
    insertAtOnce: 1_000,
    batchSize,
    loops: "4 in W1, 1 per queue in W2",
    partition: true,
    supervise: false,
    lowLoad: "work() with LISTEN/NOTIFY",
    steps: "3 queues; next step's insert and complete are two transactions",
  },
  async prepare(url) {
    const boss = await open(url);
    for (const name of [...queues.W1, ...queues.W2]) await boss.createQueue(name, { partition: true, notify: true });
    await boss.stop();
  },
  async openProducer(url, workload) {
    const boss = await open(url);
    return {
      send: async (payloads) =>
        void (await boss.insert(
          queues[workload][0],
          payloads.map((data) => ({ data })),
        )),
      close: () => boss.stop(),
    };
  },
  async startWorker(url, workload, mode, progress) {
    const boss = await open(url, mode === "low-load");
    const steps = stepsOf(boss, workload, progress);
    if (mode === "low-load") {
      for (const { queue, work } of steps) {
        await boss.work<Payload>(queue, { batchSize: 100 }, async (jobs) => work(jobs.map(({ data }) => data)));
      }
      return { stop: () => boss.stop() };
    }
    const stopping = new AbortController();
    const loops = steps.flatMap((step) => Array.from({ length: loopsPerQueue[workload] }, () => fetchUntil(stopping.signal, boss, step)));
    return {
      async stop() {
        stopping.abort();
        await Promise.all(loops);
        await boss.stop();
      },
    };
  },
  unfinishedSql: (workload) =>
    `select count(*)::int as unfinished from pgboss.job where name in (${queues[workload].map((name) => `'${name}'`).join()}) and state < 'completed'`,
} satisfies Contender as Contender;
