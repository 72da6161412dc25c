import { createClient, type Client } from "../client.ts";
import type { Database } from "../db/database.ts";
import { defaultDatabase } from "../db/default-database.ts";
import { runRepository, type RunRepository } from "../db/run-repository.ts";
import type { Logger } from "../domain/node.ts";
import { createRegistry, type Registry } from "../domain/registry.ts";
import { workflows } from "../workflows/index.ts";
import { readConfig, type Config } from "./config.ts";
import { createLogger } from "./logger.ts";
import { createNudge } from "./nudge.ts";

/** Everything the functions share: the one place where the engine meets the database. */
export interface App {
  readonly config: Config;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly runs: RunRepository;
  readonly client: Client;
  /** Wakes a poller; never throws. */
  readonly nudge: () => Promise<void>;
}

let made: App | undefined;

/** The app of this process, made from its environment by the first invocation; making it sends nothing to the database. */
export function app(): App {
  return (made ??= createApp(readConfig(process.env), defaultDatabase()));
}

export function createApp(config: Config, database: Database): App {
  const logger = createLogger();
  const nudge = createNudge(config.pollerFunctionName, logger);
  return {
    config,
    logger,
    nudge,
    registry: createRegistry(workflows, { pollerTimeoutMs: config.pollerTimeoutMs }),
    runs: runRepository(database),
    client: createClient({ database, workflows, nudge, logger, stacks: config.showStacks }),
  };
}
