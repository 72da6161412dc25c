import { createHash, randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import { engineDatabase, engineDriver } from "../db/default-database.ts";
import { runRepository } from "../db/run-repository.ts";
import { redactSecrets } from "../domain/redact.ts";
import { createRegistry, type Registry } from "../domain/registry.ts";
import type { Logger } from "../domain/node.ts";
import type { TicketOffice } from "../engine/poll/hand-out.ts";
import type { IdleGate } from "../engine/poll/idle-gate.ts";
import { defaultSettings, type Poller } from "../engine/poll/poller.ts";
import { QueueNudges } from "../engine/poll/queue-nudges.ts";
import { systemClock } from "../engine/ports.ts";
import { errorFields } from "./error-fields.ts";
import { threadHeartbeat } from "./heartbeat.ts";
import { pollMetrics, type PollMetrics } from "./metrics.ts";
import { type GateConfig, type PollerConfig, pollerConfig } from "./poller-config.ts";
import { createNudges } from "./queues.ts";
import type { Service } from "./service.ts";
import { stepLogger } from "./step-logger.ts";
import { ticketRing } from "./ticket-ring.ts";
import { wakeBoard } from "./wake-board.ts";

/** What one process of the poller keeps from invocation to invocation. */
interface Shared {
  readonly poller: Omit<Poller, "remainingMs">;
  readonly metrics: PollMetrics;
  readonly gate: IdleGate | undefined;
}

/** Everything one invocation of the poller works with. */
interface PollerApp {
  readonly poller: Poller;
  readonly metrics: PollMetrics;
  readonly gate: IdleGate | undefined;
}

/** What does not depend on the invocation is made once a process. */
export function pollerOf(service: Service): (context: Context) => PollerApp {
  let shared: Shared | undefined;
  return (context) => {
    const { poller, metrics, gate } = (shared ??= open(service, context.invokedFunctionArn));
    return { poller: { ...poller, remainingMs: () => context.getRemainingTimeInMillis() }, metrics, gate };
  };
}

/**
 * The workflows of a service as a poller with these settings knows them. Throws
 * InvalidWorkflowError or ConfigurationError.
 */
export function loadRegistry({ workflows }: Service, env: NodeJS.ProcessEnv): Registry {
  const { timeoutSeconds, queue } = pollerConfig(env);
  return createRegistry(workflows, { pollerTimeoutMs: timeoutSeconds * 1_000, queue });
}

function open(service: Service, ownArn: string): Shared {
  const config = pollerConfig(process.env);
  const registry = loadRegistry(service, process.env);
  const { redact = redactSecrets } = service;
  const logger = stepLogger(`${config.service}-poller`, redact);
  const poller = {
    store: runRepository(engineDatabase()),
    registry,
    queue: config.queue,
    ...othersOf(config, logger),
    logger,
    redact,
    tickets: officeOf(config, logger),
    heartbeat: threadHeartbeat(logger, defaultSettings.ttlMs, engineDriver),
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    settings: { ...defaultSettings, batch: config.batch, concurrency: config.concurrency, lingerMs: config.lingerSeconds * 1_000 },
  };
  return { poller, metrics: pollMetrics(config.service, config.stage), gate: config.gate && gateOf(config.gate, ownArn, registry) };
}

/** A service without other queues wakes nobody. */
function othersOf({ queues: functions, wakeParameter }: PollerConfig, logger: Logger): Pick<Poller, "others"> {
  if (Object.keys(functions).length === 0) return {};
  const nudge = createNudges({ functions, wakeParameter }, logger);
  return { others: new QueueNudges((queue) => nudge(1, queue)) };
}

/** Undefined where the function is told of no keys or of no address. */
export function officeOf({ tickets, publicUrl }: Pick<PollerConfig, "tickets" | "publicUrl">, logger: Logger): TicketOffice | undefined {
  const ring = ticketRing(tickets, logger);
  if (ring === undefined || publicUrl === undefined) return undefined;
  const keys = () =>
    ring().catch((thrown: unknown) => {
      // The attempt's failure is stored with its run; this one is no matter of the run's.
      logger.error("nothing can be signed: there are no ticket keys", { error: errorFields(thrown) });
      throw thrown;
    });
  return { keys, publicUrl };
}

function gateOf({ parameter, schedule }: GateConfig, ownArn: string, registry: Registry): IdleGate {
  const wake = schedule && { ...schedule, targetArn: ownArn };
  return { board: wakeBoard({ parameter, wake }), now: Date.now, knows: digestOf(registry) };
}

/**
 * A digest of the workflows that this code knows, so that the hint of a deployment that knows
 * others is none.
 */
function digestOf(registry: Registry): string {
  return createHash("sha256").update(JSON.stringify(registry.manifest())).digest("hex").slice(0, 16);
}
