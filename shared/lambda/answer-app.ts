import * as z from "zod";
import type { Database } from "../db/database.ts";
import { engineDatabase } from "../db/default-database.ts";
import { runRepository } from "../db/run-repository.ts";
import type { Logger } from "../domain/node.ts";
import { redactSecrets } from "../domain/redact.ts";
import { systemClock } from "../engine/ports.ts";
import type { WaitAnswerer } from "../engine/produce/answer-wait.ts";
import { commonSettings, ConfigurationError, readEnvironment, serviceName } from "./config.ts";
import { createNudge } from "./nudge.ts";
import type { Service } from "./service.ts";
import { stepLogger } from "./step-logger.ts";
import { type TicketRing, ticketRing } from "./ticket-ring.ts";
import { readTicketSettings, ticketSettings } from "./ticket-settings.ts";
import { wakeBoard } from "./wake-board.ts";

/** What the function without an API key works with. */
export interface AnswerApp {
  readonly logger: Logger;
  /** Whether requests that were not served are lines of metrics for CloudWatch. */
  readonly countsRejections: boolean;
  readonly keys: TicketRing;
  readonly waits: WaitAnswerer;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now: () => number;
}

const environment = z.object({ ...commonSettings, ...ticketSettings, POLLER_FUNCTION_NAME: z.string().optional() });

/** Made from the environment by the first invocation; making it sends nothing to the database. */
export function answerAppOf(service: Service): () => AnswerApp {
  let made: AnswerApp | undefined;
  return () => (made ??= open(service, process.env, engineDatabase()));
}

function open(service: Service, env: NodeJS.ProcessEnv, database: Database): AnswerApp {
  const settings = readEnvironment(environment, env);
  const logger = stepLogger(`${serviceName(env)}-api`, service.redact ?? redactSecrets);
  const keys = ticketRing(readTicketSettings(settings), logger);
  if (keys === undefined)
    throw new ConfigurationError("BATON_TICKET_KEYS_PARAMETER: give it the name of the SSM parameter that has the ticket keys");
  const { BATON_IDLE_GATE: idleGate, BATON_WAKE_PARAMETER: parameter } = settings;
  const gate = idleGate === "on" && parameter !== undefined ? wakeBoard({ parameter }) : undefined;
  const nudge = createNudge(settings.POLLER_FUNCTION_NAME, logger, gate);
  return { ...createAnswerApp(service, database, { logger, keys, nudge }), countsRejections: true };
}

/** What an app is given. */
export interface GivenToAnswerApp {
  readonly logger: Logger;
  readonly keys: TicketRing;
  readonly nudge?: ((pollers: number) => Promise<void>) | undefined;
}

/** The app on a database that is open. */
export function createAnswerApp({ workflows }: Service, database: Database, { logger, keys, nudge }: GivenToAnswerApp): AnswerApp {
  const caller = { clock: systemClock, random: Math.random, logger };
  return {
    logger,
    keys,
    // A resident host has no CloudWatch that reads them.
    countsRejections: false,
    waits: { ...caller, queue: runRepository(database), workflows, nudge },
    now: Date.now,
  };
}
