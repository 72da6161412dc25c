import { createClient, type Client } from "../client.ts";
import type { Database } from "../db/database.ts";
import { engineDatabase } from "../db/default-database.ts";
import { runRepository } from "../db/run-repository.ts";
import type { Logger } from "../domain/node.ts";
import type { ChildrenRequest } from "../domain/family-protocol.ts";
import type { CancelRequest, LifeRequest } from "../domain/life-protocol.ts";
import type { ListRequest, SearchRequest, StepsRequest, WorkflowsRequest } from "../domain/run-protocol.ts";
import { DEFAULT_QUEUE } from "../domain/queue.ts";
import { redactSecrets } from "../domain/redact.ts";
import { createRegistry, type Registry } from "../domain/registry.ts";
import type { Json, JsonObject } from "../domain/json.ts";
import { changeAttributes } from "../engine/operate/change-attributes.ts";
import { cancelRun, deleteRun, explainUnknown, listRuns, redriveRun, type RunPage } from "../engine/operate/control-runs.ts";
import { type ChildPage, listChildren } from "../engine/operate/list-children.ts";
import { listSteps, type StepPage } from "../engine/operate/list-steps.ts";
import { listWorkflows, type WorkflowPage } from "../engine/operate/list-workflows.ts";
import { searchRuns, type FoundPage } from "../engine/operate/search-runs.ts";
import { systemClock } from "../engine/ports.ts";
import { readConfig, type Config } from "./config.ts";
import { fixedKeys, type KeyRing, keyRing } from "./key-ring.ts";
import { keysParameter } from "./keys-parameter.ts";
import type { Service } from "./service.ts";
import { createNudges } from "./queues.ts";
import { stepLogger } from "./step-logger.ts";

/** Everything the HTTP functions share: the place where the engine meets the database. */
export interface App {
  readonly config: Config;
  readonly database: Database;
  readonly keys: KeyRing;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly client: Client;
  readonly control: Control;
  /** Whether requests that were not served are lines of metrics for CloudWatch. */
  readonly countsRejections: boolean;
}

/** What an operator does with runs; see `control-runs.ts` and `change-attributes.ts`. */
export interface Control {
  list(request: ListRequest): Promise<RunPage>;
  steps(id: string, request: StepsRequest): Promise<StepPage | null>;
  children(id: string, request: ChildrenRequest): Promise<ChildPage | null>;
  workflows(request: WorkflowsRequest): Promise<WorkflowPage>;
  search(request: SearchRequest): Promise<FoundPage>;
  cancel(id: string, life: CancelRequest): Promise<{ id: string; status: string }>;
  redrive(id: string, life: LifeRequest): Promise<{ id: string; status: string }>;
  changeAttributes(id: string, patch: Json, by?: string): Promise<{ id: string; attributes: JsonObject }>;
  delete(id: string, by: string | undefined): Promise<{ id: string; status: string }>;
  explainUnknown(id: string): Promise<string>;
}

/** What a resident host has of its own. */
interface GivenToApp {
  readonly logger?: Logger | undefined;
  readonly nudge?: ((pollers: number, queue?: string) => Promise<void>) | undefined;
}

/**
 * The app of a function, made from its environment by the first invocation; making it sends nothing
 * to the database.
 */
export function appOf(service: Service): () => App {
  let made: App | undefined;
  return () => (made ??= createApp(service, readConfig(process.env), engineDatabase()));
}

export function createApp(service: Service, config: Config, database: Database, given: GivenToApp = {}): App {
  const { workflows, redact = redactSecrets } = service;
  const logger = given.logger ?? stepLogger(`${config.service}-api`, redact);
  const functions = { ...config.queues, [DEFAULT_QUEUE]: config.pollerFunctionName };
  const nudge = given.nudge ?? createNudges({ functions, wakeParameter: config.wakeParameter }, logger);
  const operator = { runs: runRepository(database), logger, nudge, clock: systemClock, random: Math.random };
  return {
    config,
    database,
    // A resident host has no CloudWatch that reads them.
    countsRejections: given.logger === undefined,
    keys: keysOf(config, logger),
    logger,
    // How long a step may take is the poller's business, which refuses what it cannot start.
    registry: createRegistry(workflows, { pollerTimeoutMs: Infinity }),
    client: createClient({ database, workflows, nudge, idleGate: config.idleGate, logger, redact, stacks: config.showStacks }),
    control: {
      list: (request) => listRuns(operator, request),
      steps: (id, request) => listSteps({ ...operator, redact, stacks: config.showStacks }, id, request),
      children: (id, request) => listChildren(operator, id, request),
      workflows: (request) => listWorkflows(operator, request),
      search: (request) => searchRuns({ ...operator, redact }, request),
      cancel: (id, life) => cancelRun(operator, id, life),
      redrive: (id, life) => redriveRun(operator, id, life),
      changeAttributes: (id, patch, by) => changeAttributes(operator, id, patch, by),
      delete: (id, by) => deleteRun(operator, id, { ...(by !== undefined && { by }) }),
      explainUnknown: (id) => explainUnknown(operator, id),
    },
  };
}

function keysOf({ apiKeys, apiKeysParameter: name }: Config, logger: Logger): KeyRing {
  if (name === undefined) return fixedKeys(apiKeys);
  return keyRing({ read: keysParameter(name), now: Date.now, logger });
}
