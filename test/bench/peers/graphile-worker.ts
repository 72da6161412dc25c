import { Logger, makeWorkerUtils, run, type TaskList } from "graphile-worker";
import pg from "pg";
import type { Contender, Payload, Progress, Workload } from "../contender.ts";
import { installedVersion } from "./installed-version.ts";

/** A task is a step; the job of a step adds that of the next, with its output as the payload. */
const tasks = { W1: ["single"], W2: ["one", "two", "three"] } as const;
const maxPoolSize = 10;
/**
 * Waiting 20 ms for more completions made W2 a tenth faster, and W1 no faster: its batches are full
 * without.
 */
const completeJobBatchDelay = { W1: 0, W2: 20 } as const;
const backlog = { concurrentJobs: 24, localQueue: { size: 1_000 }, failJobBatchDelay: 0 };
const lowLoad = { concurrentJobs: 8 };

const logger = new Logger(() => (level, message) => {
  if (level === "error") console.error(message);
});

/**
 * A pool of our own: graphile-worker does not wait for the end of one that it made, and no longer
 * hears its errors by then.
 */
function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: maxPoolSize });
  pool.on("error", console.error);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

async function openUtils(url: string) {
  const pgPool = openPool(url);
  const { addJobs, migrate, release } = await makeWorkerUtils({ pgPool, logger });
  const close = async () => {
    await release();
    await pgPool.end();
  };
  return { addJobs, migrate, close };
}

function taskList(workload: Workload, { started, done }: Progress): TaskList {
  const names: readonly string[] = tasks[workload];
  const task = (name: string, index: number): [string, TaskList[string]] => {
    const next = names[index + 1];
    return [
      name,
      async (given, { addJob }) => {
        const payload = given as Payload;
        if (index === 0) started(payload);
        if (next === undefined) done(payload);
        else await addJob(next, payload);
      },
    ];
  };
  return Object.fromEntries(names.map(task));
}

export default {
  name: "graphile-worker",
  version: installedVersion("graphile-worker"),
  settings: {
    addJobsAtOnce: 1_000,
    concurrentJobs: 24,
    localQueue: 1_000,
    completeJobBatchDelay: "0 ms in W1, 20 ms in W2",
    maxPoolSize,
    lowLoad: "LISTEN/NOTIFY, no local queue, 8 jobs at a time",
    steps: "a job adds the next one; not atomic, and finished jobs are deleted",
  },
  async prepare(url) {
    const { migrate, close } = await openUtils(url);
    await migrate();
    await close();
  },
  async openProducer(url, workload) {
    const { addJobs, close } = await openUtils(url);
    const identifier = tasks[workload][0];
    return { send: async (payloads) => void (await addJobs(payloads.map((payload) => ({ identifier, payload })))), close };
  },
  async startWorker(url, workload, mode, progress) {
    const pgPool = openPool(url);
    const tuned = mode === "backlog" ? { ...backlog, completeJobBatchDelay: completeJobBatchDelay[workload] } : lowLoad;
    const runner = await run({
      pgPool,
      taskList: taskList(workload, progress),
      parsedCronItems: [],
      noHandleSignals: true,
      logger,
      preset: { worker: tuned },
    });
    return {
      async stop() {
        await runner.stop();
        await pgPool.end();
      },
    };
  },
  unfinishedSql: (workload) =>
    `select count(*)::int as unfinished from graphile_worker.jobs where task_identifier in (${tasks[workload].map((name) => `'${name}'`).join()})`,
} satisfies Contender as Contender;
