import { createServer } from "node:http";
import { once } from "node:events";
import packageJson from "../../package.json" with { type: "json" };
import * as z from "zod";
import { migrate } from "../../infra/migrate.ts";
import { createClient } from "../../shared/client.ts";
import { connect, type Driver } from "../../shared/db/connect.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { pollQueue } from "../../shared/engine/poll-queue.ts";
import { createPoller } from "../support/poller.ts";
import { type Contender, payload, type Payload, type Progress, type Workload } from "./contender.ts";

/** How the poller is set up; the rest is as it comes. */
export const pollerSettings = { batch: 500, concurrency: 500 };

const Input = z.object({ text: z.string(), sentAt: z.number().optional() });
const Output = z.object({ text: z.string() });

/** The workflows of W1 and W2. Their handlers do nothing, but each input and each output goes through a schema. */
export function workflowOf(workload: Workload, { started, done }: Progress) {
  if (workload === "W1") {
    return defineWorkflow({ name: "single", version: 1, input: Input }).step("only", ({ input }) => {
      started(input as Payload);
      done(input as Payload);
    });
  }
  return defineWorkflow({ name: "three-steps", version: 1, input: Input })
    .step("one", { output: Output }, ({ input }) => {
      started(input as Payload);
      return payload;
    })
    .step("two", { output: Output }, () => payload)
    .step("three", { output: Output }, ({ input }) => {
      done(input as Payload);
      return payload;
    });
}

const silent: Progress = { started() {}, done() {} };

/** Where the poller listens for an Invoke, and where the Neon endpoint is: chosen by whoever starts the processes. */
const invokePort = Number(process.env["BENCH_INVOKE_PORT"] ?? 0);
const neonEndpoint = process.env["BENCH_NEON_ENDPOINT"];

/** Baton through one of its drivers. */
export function batonThrough(driver: Driver): Contender {
  const open = (url: string) => connect({ url, driver, ...(driver === "neon" && { neonEndpoint }) });
  return {
    name: driver === "pg" ? "Baton" : "Baton (Neon driver)",
    version: packageJson.version,
    settings: { driver, batch: pollerSettings.batch, concurrency: pollerSettings.concurrency, enqueueAtOnce: 1_000 },
    prepare: (url) => migrate({ url, roles: false }),
    async openProducer(url, workload) {
      const database = open(url);
      const client = createClient({ database, nudge });
      const workflow = workflowOf(workload, silent);
      return {
        send: async (payloads) =>
          void (await client.enqueueMany(
            workflow,
            payloads.map((input) => ({ input: { ...input } })),
          )),
        close: async () => database[Symbol.asyncDispose](),
      };
    },
    async startWorker(url, workload, mode, progress) {
      const database = open(url);
      await database.query("select 1");
      const settings = { ...pollerSettings, ...(mode === "low-load" && { lingerMs: 15_000 }) };
      const poller = createPoller(database, [workflowOf(workload, progress)], { settings });
      const invocations = mode === "backlog" ? await pollAgain(() => pollQueue(poller)) : await pollWhenInvoked(() => pollQueue(poller));
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

/** Stands in for the asynchronous Invoke of a Lambda: answered before the poller has done anything. */
async function nudge(): Promise<void> {
  if (invokePort !== 0) await fetch(`http://127.0.0.1:${invokePort}/`, { method: "POST" });
}

/** One invocation after the other, as long as there is work. */
async function pollAgain(poll: () => Promise<unknown>) {
  const ending = new AbortController();
  const again = async (): Promise<void> => {
    await poll();
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!ending.signal.aborted) await again();
  };
  const over = again();
  return {
    async stop() {
      ending.abort();
      await over;
    },
  };
}

/** A warm instance: one invocation at a time, and one more after it for all nudges that came meanwhile. */
async function pollWhenInvoked(poll: () => Promise<unknown>) {
  let running: Promise<void> | undefined;
  let again = false;
  const work = async () => {
    do {
      again = false;
      await poll();
    } while (again);
    running = undefined;
  };
  const server = createServer((_request, response) => {
    response.writeHead(202).end();
    again = true;
    running ??= work();
  });
  server.listen(invokePort, "127.0.0.1");
  await once(server, "listening");
  return {
    async stop() {
      server.closeAllConnections();
      server.close();
      await running;
    },
  };
}

export default batonThrough("pg");
