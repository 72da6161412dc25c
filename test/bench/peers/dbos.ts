import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import { type Contender, payload, type Payload, type Progress, type Workload } from "../contender.ts";
import { sendEach } from "./in-flight.ts";
import { installedVersion } from "./installed-version.ts";

const application = "bench";
const queueName = "bench";
const poolSize = 20;
const queue = { workerConcurrency: 100, minPollingIntervalMs: 10 };
const workflowNames = { W1: "single", W2: "three-steps" } as const;

const logger = { debug() {}, info() {}, warn() {}, error: (entry: unknown) => console.error(entry) };

const openClient = (url: string) =>
  DBOSClient.create({ systemDatabaseUrl: url, systemDatabasePoolSize: poolSize, applicationName: application, logger });

function workflowOf(workload: Workload, { started, done }: Progress) {
  if (workload === "W1") {
    return async (input: Payload) => {
      started(input);
      done(input);
    };
  }
  return async (input: Payload) => {
    await DBOS.runStep(async () => (started(input), payload), { name: "one" });
    await DBOS.runStep(async () => payload, { name: "two" });
    await DBOS.runStep(async () => (done(input), payload), { name: "three" });
  };
}

export default {
  name: "DBOS",
  version: installedVersion("@dbos-inc/dbos-sdk"),
  settings: {
    ...queue,
    enqueueInFlight: 32,
    poolSize,
    W1: "a workflow without a step",
    steps: "DBOS.runStep",
  },
  async prepare(url) {
    await DBOS.migrate(url);
    const client = await openClient(url);
    await client.registerQueue(queueName, queue);
    await client.destroy();
  },
  async openProducer(url, workload) {
    const client = await openClient(url);
    const options = { queueName, workflowName: workflowNames[workload] };
    return { send: sendEach(32, (input) => client.enqueue(options, input)), close: () => client.destroy() };
  },
  async startWorker(url, workload, _mode, progress) {
    // It uses a client of pg in a way that pg warns of, once in every process.
    process.noDeprecation = true;
    DBOS.setConfig({
      name: application,
      systemDatabaseUrl: url,
      systemDatabasePoolSize: poolSize,
      logger,
      applicationVersion: "1",
      // A process that starts recovers what an executor of its name left; two workers must not take
      // each other for one.
      executorID: `bench-${process.pid}`,
    });
    DBOS.registerWorkflow(workflowOf(workload, progress), { name: workflowNames[workload] });
    await DBOS.launch();
    return { stop: () => DBOS.shutdown({ workflowCompletionTimeoutMS: 30_000 }) };
  },
  unfinishedSql: (workload) =>
    `select count(*)::int as unfinished from dbos.workflow_status where name = '${workflowNames[workload]}' and status <> 'SUCCESS'`,
} satisfies Contender as Contender;
