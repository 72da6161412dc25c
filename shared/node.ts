/**
 * The door for a process that lives on, in a container or on a machine: a poller, and the HTTP API.
 *
 * ```ts
 * import { runPoller, serve } from "pgbaton/node";
 * import { workflows } from "./workflows.ts";
 *
 * const poller = runPoller({ workflows, url: process.env.DATABASE_URL });
 * await serve({
 *   workflows,
 *   url: process.env.DATABASE_URL,
 *   nudge: poller.nudge,
 *   apiKeys: [{ name: "shop", role: "producer", key: process.env.SHOP_KEY! }],
 * });
 * ```
 */
export { runPoller, type RunningPoller, type RunPollerOptions } from "./node/run-poller.ts";
export { PackagesMissingError, serve, type RunningServer, type ServeOptions } from "./node/serve.ts";
export { TicketKeysError } from "./lambda/ticket-keys.ts";
export type { GivenKey } from "./node/keys.ts";
export type { HostOptions } from "./node/options.ts";
export type { WorkOptions } from "./node/poller-of.ts";
export type { Keeping } from "./lambda/chores.ts";
export type { Service } from "./lambda/service.ts";
