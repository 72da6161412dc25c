// A poller of documents as a process of its own, which kills itself by SIGKILL where it is told to.
// Arguments, as one JSON text: { url, neonEndpoint, dies }
import { connect } from "../../shared/db/connect.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { RunStore } from "../../shared/engine/ports.ts";
import { createPoller } from "../../test/support/poller.ts";
import { documentPipelineWith } from "../document-pipeline.ts";
import { sourcesFrom } from "../document-pipeline/sources.ts";

export interface DocumentPollerOptions {
  readonly url: string;
  readonly neonEndpoint: string;
  /** Before or after the transaction that stores what was parsed. */
  readonly dies: "before" | "after";
}

const options = JSON.parse(process.argv[2]!) as DocumentPollerOptions;
const database = connect({ ...options, driver: "neon" });
const repository = runRepository(database);
const die = (): void => void process.kill(process.pid, "SIGKILL");
const store: RunStore = {
  ...repository,
  async advanceWith(...call) {
    if (options.dies === "before") die();
    await repository.advanceWith(...call);
    die();
    throw new Error("a killed process goes no further");
  },
};
const workflow = documentPipelineWith({ database: () => database, sources: () => sourcesFrom({ BATON_LOCAL: "on" }) });
await pollQueue(createPoller(database, [workflow], { store }));
