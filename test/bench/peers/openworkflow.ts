import { defineWorkflow, defineWorkflowSpec, OpenWorkflow } from "openworkflow";
import { BackendPostgres } from "openworkflow/postgres";
import { type Contender, payload, type Payload, type Progress, type Workload } from "../contender.ts";
import { sendEach } from "./in-flight.ts";
import { installedVersion } from "./installed-version.ts";

const concurrency = 50;
const specs = {
  W1: defineWorkflowSpec<Payload>({ name: "single" }),
  W2: defineWorkflowSpec<Payload>({ name: "three-steps" }),
};

/** Its pool is that of postgres.js as it comes: 10 connections. */
const open = (url: string) => BackendPostgres.connect(url, { runMigrations: false });

function workflowOf(workload: Workload, { started, done }: Progress) {
  if (workload === "W1") {
    return defineWorkflow(specs.W1, ({ input }) => {
      started(input);
      done(input);
    });
  }
  return defineWorkflow(specs.W2, async ({ input, step }) => {
    await step.run({ name: "one" }, () => (started(input), payload));
    await step.run({ name: "two" }, () => payload);
    await step.run({ name: "three" }, () => (done(input), payload));
  });
}

export default {
  name: "OpenWorkflow",
  version: installedVersion("openworkflow"),
  settings: { concurrency, poolSize: 10, runWorkflowInFlight: 32, W1: "a workflow without a step", steps: "step.run" },
  async prepare(url) {
    const backend = await BackendPostgres.connect(url);
    await backend.stop();
  },
  async openProducer(url, workload) {
    const backend = await open(url);
    const client = new OpenWorkflow({ backend });
    return { send: sendEach(32, (input) => client.runWorkflow(specs[workload], input)), close: () => backend.stop() };
  },
  async startWorker(url, workload, _mode, progress) {
    const backend = await open(url);
    const client = new OpenWorkflow({ backend });
    const { spec, fn } = workflowOf(workload, progress);
    client.implementWorkflow(spec, fn);
    const worker = client.newWorker({ concurrency });
    await worker.start();
    return {
      async stop() {
        await worker.stop();
        await backend.stop();
      },
    };
  },
  unfinishedSql: (workload) =>
    `select count(*)::int as unfinished from openworkflow.workflow_runs where workflow_name = '${specs[workload].name}' and status <> 'completed'`,
} satisfies Contender as Contender;
