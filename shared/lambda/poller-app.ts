import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Context } from "aws-lambda";
import { engineDatabase } from "../db/default-database.ts";
import { runRepository } from "../db/run-repository.ts";
import { createRegistry, type Registry } from "../domain/registry.ts";
import type { IdleGate } from "../engine/idle-gate.ts";
import { defaultSettings, type Poller } from "../engine/poller.ts";
import { systemClock } from "../engine/ports.ts";
import { workflows } from "../workflows/index.ts";
import { redact } from "../workflows/redact.ts";
import { threadHeartbeat } from "./heartbeat.ts";
import { pollMetrics, type PollMetrics } from "./metrics.ts";
import { type GateConfig, pollerConfig } from "./poller-config.ts";
import { stepLogger } from "./step-logger.ts";
import { wakeBoard } from "./wake-board.ts";

/** What one process of the poller keeps from invocation to invocation. */
interface Shared {
  readonly poller: Omit<Poller, "remainingMs">;
  readonly metrics: PollMetrics;
  readonly gate: IdleGate | undefined;
}

let shared: Shared | undefined;

/**
 * Everything one invocation of the poller works with; what does not depend on the invocation is
 * made once a process.
 */
export function pollerFor(context: Context): { poller: Poller; metrics: PollMetrics; gate: IdleGate | undefined } {
  const { poller, metrics, gate } = (shared ??= open(context.invokedFunctionArn));
  return { poller: { ...poller, remainingMs: () => context.getRemainingTimeInMillis() }, metrics, gate };
}

/**
 * The workflows of this service as a poller with these settings knows them. Throws
 * InvalidWorkflowError or ConfigurationError.
 */
export function loadRegistry(env: NodeJS.ProcessEnv): Registry {
  return createRegistry(workflows, { pollerTimeoutMs: pollerConfig(env).timeoutSeconds * 1_000 });
}

function open(ownArn: string): Shared {
  const config = pollerConfig(process.env);
  const registry = loadRegistry(process.env);
  const logger = stepLogger(`${config.service}-poller`);
  const poller = {
    store: runRepository(engineDatabase()),
    registry,
    logger,
    redact,
    heartbeat: threadHeartbeat(logger, defaultSettings.ttlMs),
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    settings: { ...defaultSettings, batch: config.batch, concurrency: config.concurrency, lingerMs: config.lingerSeconds * 1_000 },
  };
  return { poller, metrics: pollMetrics(config.service, config.stage), gate: config.gate && gateOf(config.gate, ownArn) };
}

function gateOf({ parameter, schedule }: GateConfig, ownArn: string): IdleGate {
  const wake = schedule && { ...schedule, targetArn: ownArn };
  return { board: wakeBoard({ parameter, wake }), now: Date.now, knows: ownDigest() };
}

/** A digest of the bundle, so that the hint of another deployment is none: 1 ms of a cold start. */
function ownDigest(): string {
  return createHash("sha256")
    .update(readFileSync(import.meta.filename))
    .digest("hex")
    .slice(0, 16);
}
