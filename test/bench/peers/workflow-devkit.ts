import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createWorld } from "@workflow/world-postgres";
import { start } from "workflow/api";
import { setWorld } from "workflow/runtime";
import type { Contender } from "../contender.ts";
import { sendEach } from "./in-flight.ts";
import { installedVersion } from "./installed-version.ts";
import { build, serveRoutes, workflowIdOf } from "./workflow-devkit-bundles.ts";

const names = { W1: "single", W2: "threeSteps" } as const;
const queueConcurrency = 20;
const maxPoolSize = queueConcurrency + 2;
const setup = join(import.meta.dirname, "node_modules/@workflow/world-postgres/bin/setup.js");

const open = (url: string) => createWorld({ connectionString: url, queueConcurrency, maxPoolSize });

/**
 * Without what its start does besides: it enqueues every run that is pending once more, which would
 * double the work of a backlog.
 */
async function startWorld(world: ReturnType<typeof open>): Promise<void> {
  const { list } = world.runs;
  world.runs.list = (async () => ({ data: [], cursor: null, hasMore: false })) as typeof list;
  await world.start();
  world.runs.list = list;
}

export default {
  name: "Workflow DevKit",
  version: installedVersion("workflow"),
  settings: {
    world: `@workflow/world-postgres ${installedVersion("@workflow/world-postgres")}`,
    queueConcurrency,
    maxPoolSize,
    startInFlight: 16,
    reenqueueOnStart: false,
    W1: "a workflow of one step",
    steps: '"use step", routes on an HTTP server of its own',
  },
  async prepare(url) {
    build();
    execFileSync(process.execPath, [setup], {
      env: { ...process.env, WORKFLOW_POSTGRES_URL: url },
      stdio: ["ignore", "ignore", "inherit"],
    });
  },
  async openProducer(url, workload) {
    // Every process that enqueues starts a worker as soon as this answers; at a closed port it
    // never does, and only enqueues.
    process.env["WORKFLOW_LOCAL_BASE_URL"] ??= "http://127.0.0.1:9";
    const world = open(url);
    const workflow = { workflowId: workflowIdOf(names[workload]) };
    return { send: sendEach(16, (input) => start(workflow, [input], { world })), close: async () => world.close?.() };
  },
  async startWorker(url, _workload, _mode, progress) {
    globalThis.benchProgress = progress;
    const world = open(url);
    setWorld(world);
    const routes = await serveRoutes();
    process.env["WORKFLOW_LOCAL_BASE_URL"] = routes.url;
    await startWorld(world);
    return {
      async stop() {
        await world.close?.();
        await routes.close();
      },
    };
  },
  unfinishedSql: () => "select count(*)::int as unfinished from workflow.workflow_runs where status <> 'completed'",
} satisfies Contender as Contender;
