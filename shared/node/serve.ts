import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { HttpHandler } from "../lambda/http-function.ts";
import type { GivenKey } from "./keys.ts";
import type { HostOptions } from "./options.ts";
import { receive } from "./receive.ts";
import { type Route, routeTable } from "./route-table.ts";
import { send, sendMessage } from "./send.ts";

export interface ServeOptions extends HostOptions {
  /** Default: 4620; 0 takes any. */
  readonly port?: number | undefined;
  /** The address to listen on. Default: 127.0.0.1; a container says 0.0.0.0. */
  readonly host?: string | undefined;
  /** Whose keys are let in; without any, every request is answered with 401. */
  readonly apiKeys?: readonly GivenKey[] | undefined;
  /** Whether errors of runs are shown with their stacks. Default: false. */
  readonly stacks?: boolean | undefined;
  /** Told after runs were stored; that of a `runPoller` in the same process. */
  readonly nudge?: ((pollers: number, queue?: string) => Promise<void>) | undefined;
}

/** The HTTP API on a port. */
export interface RunningServer {
  readonly address: string;
  /** Takes no new request and answers those that are open. */
  close(): Promise<void>;
}

/** The packages that the HTTP API is made of are not installed. */
export class PackagesMissingError extends Error {
  override readonly name = "PackagesMissingError";

  constructor(cause: unknown) {
    super(
      "The HTTP API needs packages that are not installed: npm install @middy/core @middy/http-router @aws-lambda-powertools/logger @aws-lambda-powertools/metrics",
      { cause },
    );
  }
}

/** A route, and the function behind it. */
export interface ServedRoute extends Route {
  readonly handler: HttpHandler;
}

/**
 * Serves the HTTP API of docs/api.md from a process that lives on: the same routes, answers and
 * keys as on Lambda. Links of approvals and callbacks are answered where there are ticket keys.
 *
 * Throws PackagesMissingError, TicketKeysError, DatabaseConfigurationError, or what node:http
 * throws for a port that is taken.
 *
 * @example
 * const poller = runPoller({ workflows });
 * const apiKeys = [{ name: "shop", role: "producer", key: process.env.SHOP_KEY! }] as const;
 * await serve({ workflows, nudge: poller.nudge, apiKeys });
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { openRoutes } = await import("./routes.ts").catch((thrown: unknown) => Promise.reject(explain(thrown)));
  const { routes, close } = openRoutes(options);
  const server = createServer(listenerFor(routes));
  server.listen(options.port ?? 4620, options.host ?? "127.0.0.1");
  await once(server, "listening");
  return { address: addressOf(server), close: async () => closeServer(server).then(close) };
}

function explain(thrown: unknown): Error {
  return (thrown as { code?: string }).code === "ERR_MODULE_NOT_FOUND" ? new PackagesMissingError(thrown) : (thrown as Error);
}

/** Answers requests as API Gateway does in front of the functions. */
export function listenerFor(routes: readonly ServedRoute[]): RequestListener {
  const match = routeTable(routes);
  const answer: (...given: Parameters<RequestListener>) => Promise<void> = async (request, response) => {
    const received = await receive(request, response, match, { accountId: "", apiId: "" });
    if (received !== undefined) send(response, await received.route.handler(received.event, CONTEXT));
  };
  return (request, response) => {
    answer(request, response).catch(() => sendMessage(response, 500, "Internal Server Error"));
  };
}

/** As long as a request has on Lambda. */
const CONTEXT = { getRemainingTimeInMillis: () => 15_000 } as Parameters<HttpHandler>[1];

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  await closed;
}
