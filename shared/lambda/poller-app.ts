import { randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import { defaultDatabase } from "../db/default-database.ts";
import { runRepository } from "../db/run-repository.ts";
import { createRegistry } from "../domain/registry.ts";
import { defaultSettings, type Poller } from "../engine/poller.ts";
import { systemClock } from "../engine/ports.ts";
import { workflows } from "../workflows/index.ts";
import { pollerConfig } from "./poller-config.ts";
import { stepLogger } from "./step-logger.ts";

let shared: Omit<Poller, "remainingMs"> | undefined;

/** Everything one invocation of the poller works with; what does not depend on the invocation is made once a process. */
export function pollerFor(context: Context): Poller {
  return { ...(shared ??= open()), remainingMs: () => context.getRemainingTimeInMillis() };
}

function open(): Omit<Poller, "remainingMs"> {
  const config = pollerConfig(process.env);
  return {
    store: runRepository(defaultDatabase()),
    registry: createRegistry(workflows, { pollerTimeoutMs: config.timeoutSeconds * 1_000 }),
    logger: stepLogger("baton-poller"),
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    settings: { ...defaultSettings, batch: config.batch, concurrency: config.concurrency, lingerMs: config.lingerSeconds * 1_000 },
  };
}
