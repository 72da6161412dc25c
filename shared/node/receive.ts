import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpEvent } from "../lambda/http-event.ts";
import { eventOf, type Gateway } from "./http-event.ts";
import { readBody } from "./request-body.ts";
import type { Route, RouteMatch } from "./route-table.ts";
import { sendMessage } from "./send.ts";

/** What an HTTP API takes in one request, in bytes. */
const BODY_LIMIT = 10 * 1024 * 1024;

/** A request with its route. */
export interface Received<Found extends Route> {
  readonly event: HttpEvent;
  readonly route: Found;
}

/**
 * Reads a request as API Gateway hands it to a function. Undefined: it was answered already, as the
 * gateway answers what is no request, has no route, or is too long.
 */
export async function receive<Found extends Route>(
  request: IncomingMessage,
  response: ServerResponse,
  match: (method: string, path: string) => RouteMatch<Found> | undefined,
  gateway: Gateway,
): Promise<Received<Found> | undefined> {
  const refuse = (status: number, message: string): undefined => {
    sendMessage(response, status, message);
  };
  const url = URL.parse(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`);
  if (url === null) return refuse(400, "Bad Request");
  const found = match(request.method ?? "", url.pathname);
  if (found === undefined) return refuse(404, "Not Found");
  const body = await readBody(request, BODY_LIMIT);
  if (body === undefined) return refuse(413, "Request Entity Too Large");
  return { event: eventOf(request, url, body, found, gateway), route: found.route };
}
