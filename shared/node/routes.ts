import { digestOf } from "../lambda/api-key.ts";
import { createApp } from "../lambda/app.ts";
import type { Config } from "../lambda/config.ts";
import { controlRunsOf, ROUTES } from "../lambda/control-runs.ts";
import { ENQUEUE_ROUTE, enqueueRunOf } from "../lambda/enqueue-run.ts";
import { consoleLogger } from "./log.ts";
import { connectAs, environmentOf } from "./options.ts";
import type { ServedRoute, ServeOptions } from "./serve.ts";

/** The routes of the HTTP API on one database, and what closes it. */
export function openRoutes(options: ServeOptions): { routes: ServedRoute[]; close: () => Promise<void> } {
  const database = connectAs(options);
  const { logger = consoleLogger(options.redact), nudge } = options;
  const made = createApp(options, configOf(options), database, { logger, nudge });
  const app = () => made;
  const control = controlRunsOf(app);
  const routes = ROUTES.map(({ method, path }) => ({ key: `${method} ${path}`, handler: control }));
  return { routes: [{ key: ENQUEUE_ROUTE, handler: enqueueRunOf(app) }, ...routes], close: async () => database[Symbol.asyncDispose]() };
}

function configOf(options: ServeOptions): Config {
  return {
    service: environmentOf(options)["BATON_SERVICE"] || "baton",
    apiKeys: (options.apiKeys ?? []).map(({ name, role = "operator", key }) => ({ name, role, digest: digestOf(key) })),
    apiKeysParameter: undefined,
    showStacks: options.stacks ?? false,
    pollerFunctionName: undefined,
    idleGate: false,
    wakeParameter: undefined,
  };
}
