import { digestOf } from "../lambda/api-key.ts";
import type { Connected } from "../db/connect.ts";
import { createAnswerApp, type GivenToAnswerApp } from "../lambda/answer-app.ts";
import { answerWaitsOf, OPEN_ROUTES } from "../lambda/answer-waits.ts";
import { createApp } from "../lambda/app.ts";
import type { Config } from "../lambda/config.ts";
import { controlRunsOf, ROUTES } from "../lambda/control-runs.ts";
import { ENQUEUE_ROUTE, enqueueRunOf } from "../lambda/enqueue-run.ts";
import { parseTicketKeys } from "../lambda/ticket-keys.ts";
import { consoleLogger } from "./log.ts";
import { connectAs, environmentOf } from "./options.ts";
import type { ServedRoute, ServeOptions } from "./serve.ts";

/** The routes of the HTTP API on one database, and what closes it. Throws TicketKeysError. */
export function openRoutes(options: ServeOptions): { routes: ServedRoute[]; close: () => Promise<void> } {
  const { BATON_TICKET_KEYS: ticketKeys } = environmentOf(options);
  const keys = ticketKeys ? parseTicketKeys(ticketKeys) : undefined;
  const database = connectAs(options);
  const { logger = consoleLogger(options.redact), nudge } = options;
  const made = createApp(options, configOf(options), database, { logger, nudge });
  const app = () => made;
  const control = controlRunsOf(app);
  const routes = ROUTES.map(({ method, path }) => ({ key: `${method} ${path}`, handler: control }));
  const open = keys === undefined ? [] : openRoutesOf(options, database, { logger, nudge, keys: async () => keys });
  return {
    routes: [{ key: ENQUEUE_ROUTE, handler: enqueueRunOf(app) }, ...routes, ...open],
    close: async () => database[Symbol.asyncDispose](),
  };
}

/** Those without an API key, where somebody has said what verifies their tokens. */
function openRoutesOf(options: ServeOptions, database: Connected, given: GivenToAnswerApp): ServedRoute[] {
  const app = createAnswerApp(options, database, given);
  const handler = answerWaitsOf(() => app);
  return OPEN_ROUTES.map(({ method, path }) => ({ key: `${method} ${path}`, handler }));
}

function configOf(options: ServeOptions): Config {
  return {
    service: environmentOf(options)["BATON_SERVICE"] || "baton",
    apiKeys: (options.apiKeys ?? []).map(({ name, role = "operator", key }) => ({ name, role, digest: digestOf(key) })),
    apiKeysParameter: undefined,
    showStacks: options.stacks ?? false,
    pollerFunctionName: undefined,
    queues: {},
    idleGate: false,
    wakeParameter: undefined,
  };
}
