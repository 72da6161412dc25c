import { randomUUID } from "node:crypto";
import type { Connected } from "../db/connect.ts";
import { runRepository } from "../db/run-repository.ts";
import { redactSecrets } from "../domain/redact.ts";
import { createRegistry } from "../domain/registry.ts";
import { defaultSettings, type Poller } from "../engine/poll/poller.ts";
import { systemClock } from "../engine/ports.ts";
import { threadHeartbeat } from "../lambda/heartbeat.ts";
import type { TicketOffice } from "../engine/poll/hand-out.ts";
import { parseTicketKeys } from "../lambda/ticket-keys.ts";
import { consoleLogger } from "./log.ts";
import { environmentOf, type HostOptions } from "./options.ts";

/** A day: a timer of more than 24 days would be over at once. */
export const UNHURRIED_MS = 86_400_000;

/** How a resident poller works, where it is not as on Lambda. */
export interface WorkOptions extends HostOptions {
  /** Runs in a lease at most. Default: 100. */
  readonly batch?: number | undefined;
  /** Handlers at the same time at most. Default: 50. */
  readonly concurrency?: number | undefined;
}

/**
 * What all polls of a resident host work with. A step may take a day: no invocation ends it. The
 * host waits by itself, so no poll lingers.
 */
export function pollerOf(options: WorkOptions, database: Connected, remainingMs: () => number): Poller {
  const { workflows, redact = redactSecrets, logger = consoleLogger(redact), batch, concurrency } = options;
  return {
    store: runRepository(database),
    registry: createRegistry(workflows, { pollerTimeoutMs: UNHURRIED_MS }),
    logger,
    redact,
    tickets: officeOf(options),
    heartbeat: threadHeartbeat(logger, defaultSettings.ttlMs, () => database.driver ?? "pg", environmentOf(options)),
    clock: systemClock,
    random: Math.random,
    newToken: randomUUID,
    memory: { low: {} },
    remainingMs,
    settings: { ...defaultSettings, lingerMs: 0, ...(batch !== undefined && { batch }), ...(concurrency !== undefined && { concurrency }) },
  };
}

/** Undefined where nobody said what to sign with or where links lead. Throws TicketKeysError. */
function officeOf(options: HostOptions): TicketOffice | undefined {
  const { BATON_TICKET_KEYS: text, BATON_PUBLIC_URL: publicUrl } = environmentOf(options);
  if (!text || !publicUrl) return undefined;
  const keys = parseTicketKeys(text);
  return { keys: async () => keys, publicUrl: publicUrl.replace(/\/+$/, "") };
}
