import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { receive } from "../../../shared/node/receive.ts";
import { routeTable } from "../../../shared/node/route-table.ts";
import { send, sendMessage } from "../../../shared/node/send.ts";
import { ACCOUNT, API_ID } from "./arns.ts";
import { resultOf } from "./http-event.ts";
import type { LambdaPool } from "./lambda-pool.ts";
import type { RouteFacts } from "./template.ts";

export interface GatewayOptions {
  readonly routes: readonly RouteFacts[];
  readonly poolOf: (functionId: string) => LambdaPool;
  /** Whether the gateway may invoke a function, by its name, for a route. */
  readonly mayInvoke: (functionName: string, routeKey: string) => boolean;
  /** Told of every answer of a function. */
  readonly onAnswer: (result: APIGatewayProxyStructuredResultV2) => void;
}

/** What Lambda takes in one invocation, in characters of the event. */
const EVENT_LIMIT = 6 * 1024 * 1024;

/**
 * Answers HTTP requests as an API Gateway HTTP API in front of the functions does, its own errors
 * included.
 */
export function httpGateway(options: GatewayOptions): RequestListener {
  const match = routeTable(options.routes);
  return (request, response) => {
    serve(request, response).catch(() => sendMessage(response, 500, "Internal Server Error"));
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(request, response, match, { accountId: ACCOUNT, apiId: API_ID });
    if (received === undefined) return;
    const event = JSON.stringify(received.event);
    if (event.length > EVENT_LIMIT) return sendMessage(response, 413, "Request Entity Too Large");
    const pool = options.poolOf(received.route.functionId);
    if (!options.mayInvoke(pool.facts.name, received.route.key)) return sendMessage(response, 500, "Internal Server Error");
    const outcome = await pool.invoke(event).catch(() => undefined);
    if (outcome === undefined) return sendMessage(response, 503, "Service Unavailable");
    if ("error" in outcome) return sendMessage(response, 500, "Internal Server Error");
    const result = resultOf(outcome.payload);
    send(response, result);
    options.onAnswer(result);
  }
}
