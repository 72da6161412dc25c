import packageJson from "../../package.json" with { type: "json" };
import { migrate } from "../../infra/migrate.ts";
import { createClient } from "../../shared/client.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import type { PollerSettings } from "../../shared/engine/poll/poller.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import { createPoller } from "../support/poller.ts";
import { nudge, pollAgain, pollWhenInvoked } from "./baton/invocations.ts";
import { workflowOf } from "./baton/workflows.ts";
import type { Contender, Progress, Workload } from "./contender.ts";

/** One Baton among the contenders: its driver, its workflow, and what is not as it comes. */
export interface BatonVariant {
  readonly name: string;
  readonly driver: Driver;
  readonly workflow?: (workload: Workload, progress: Progress) => AnyWorkflow;
  readonly settings?: Partial<PollerSettings>;
}

const silent: Progress = { started() {}, done() {} };

/** Where the Neon endpoint is: chosen by whoever starts the processes. */
const neonEndpoint = process.env["BENCH_NEON_ENDPOINT"];

export function baton({ name, driver, workflow = workflowOf, settings }: BatonVariant): Contender {
  const chosen = { batch: 500, concurrency: 500, ...settings };
  const open = (url: string) => connect({ url, driver, ...(driver === "neon" && { neonEndpoint }) });
  return {
    name,
    version: packageJson.version,
    settings: { driver, ...chosen, leases: 2, enqueueAtOnce: 1_000 },
    prepare: async (url) => void (await migrate({ url, roles: false })),
    async openProducer(url, workload) {
      const database = open(url);
      const client = createClient({ database, nudge });
      const target = workflow(workload, silent);
      return {
        send: async (payloads) => {
          const runs = payloads.map((input) => ({ input }));
          await client.enqueueMany(target, runs);
        },
        close: async () => database[Symbol.asyncDispose](),
      };
    },
    async startWorker(url, workload, mode, progress) {
      const database = open(url);
      await database.query("select 1");
      const poller = createPoller(database, [workflow(workload, progress)], {
        settings: { ...chosen, lingerMs: mode === "backlog" ? 0 : 15_000 },
      });
      const invocations = mode === "backlog" ? pollAgain(() => pollQueue(poller)) : await pollWhenInvoked(() => pollQueue(poller, true));
      return {
        async stop() {
          await invocations.stop();
          await database[Symbol.asyncDispose]();
        },
      };
    },
    unfinishedSql: () => "select (select count(*) from baton.run) - (select count(*) from baton.ending) as unfinished",
  };
}
