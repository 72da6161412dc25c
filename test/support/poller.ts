import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { type Database } from "../../shared/db/database.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Json } from "../../shared/domain/json.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { createRegistry } from "../../shared/domain/registry.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { type Poller, defaultSettings, type PollerSettings } from "../../shared/engine/poll/poller.ts";
import { pollQueue } from "../../shared/engine/poll/poll-queue.ts";
import type { PollReport } from "../../shared/engine/poll/poll-report.ts";
import { systemClock } from "../../shared/engine/ports.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A poller over a test database; every part can be replaced. By default it does not linger. */
export function createPoller(
  database: Database,
  workflows: readonly AnyWorkflow[],
  overrides: Partial<Omit<Poller, "settings">> & { settings?: Partial<PollerSettings> } = {},
): Poller {
  const { settings, ...rest } = overrides;
  return {
    store: runRepository(database),
    registry: createRegistry(workflows, { pollerTimeoutMs: 300_000 }),
    logger: silent,
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    remainingMs: () => 300_000,
    settings: { ...defaultSettings, lingerMs: 0, ...settings },
    ...rest,
  };
}

/** One invocation of the poller over these workflows. */
export function poll(
  database: Database,
  workflows: readonly AnyWorkflow[],
  overrides?: Parameters<typeof createPoller>[2],
): Promise<PollReport> {
  return pollQueue(createPoller(database, workflows, overrides));
}

/** Enqueues runs of a workflow, one for each input, and returns their ids. */
export async function enqueue(
  database: Database,
  workflow: { readonly name: string; readonly version: number },
  inputs: readonly Json[],
  options: { readonly priority?: number; readonly delay_ms?: number } = {},
): Promise<string[]> {
  const runs = inputs.map((input) => ({ id: v7(), workflow: workflow.name, version: workflow.version, priority: 2, input, ...options }));
  const answer = await runRepository(database).enqueue({ runs });
  return answer.runs.map(({ id }) => id);
}
