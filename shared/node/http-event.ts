import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { HttpEvent } from "../lambda/http-event.ts";
import type { RouteMatch } from "./route-table.ts";

/** Where the API is, in AWS's words. */
export interface Gateway {
  readonly accountId: string;
  readonly apiId: string;
}

/** The event, payload format 2.0, that an HTTP API makes of a request. */
export function eventOf(request: IncomingMessage, url: URL, body: Buffer, { route, parameters }: RouteMatch, gateway: Gateway): HttpEvent {
  const headers = headersOf(request);
  const { cookie, ...others } = headers;
  return {
    version: "2.0",
    routeKey: route.key,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: others,
    ...(cookie !== undefined && { cookies: cookie.split("; ") }),
    ...(url.search !== "" && { queryStringParameters: queryOf(url) }),
    ...(Object.keys(parameters).length > 0 && { pathParameters: { ...parameters } }),
    requestContext: requestContext(request, url, route.key, gateway),
    ...encodedBody(headers["content-type"], body),
  };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : (value ?? "")]));
}

/** A key that is given twice has both values, joined by a comma. */
function queryOf({ searchParams }: URL): Record<string, string> {
  return Object.fromEntries([...new Set(searchParams.keys())].map((key) => [key, searchParams.getAll(key).join(",")]));
}

/** Text stays text; all else, and what is no UTF-8, comes in Base64. */
function encodedBody(contentType: string | undefined, body: Buffer): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = /^(text\/|application\/(json|xml|javascript|[\w.+-]+\+(json|xml)))/i.test(contentType ?? "text/plain");
  if (isText && isUtf8(body)) return { body: body.toString("utf8"), isBase64Encoded: false };
  return { body: body.toString("base64"), isBase64Encoded: true };
}

function isUtf8(body: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(body);
    return true;
  } catch {
    return false;
  }
}

function requestContext(request: IncomingMessage, url: URL, routeKey: string, gateway: Gateway): HttpEvent["requestContext"] {
  const now = new Date();
  return {
    ...gateway,
    domainName: url.host,
    domainPrefix: "local",
    http: {
      method: request.method ?? "",
      path: url.pathname,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.socket.remoteAddress ?? "",
      userAgent: request.headers["user-agent"] ?? "",
    },
    requestId: randomUUID(),
    routeKey,
    stage: "$default",
    time: now.toUTCString(),
    timeEpoch: now.getTime(),
  };
}
