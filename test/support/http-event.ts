import { createHash, randomUUID } from "node:crypto";
import type { Context } from "aws-lambda";
import type { HttpEvent } from "../../shared/lambda/http-event.ts";

/** The API key of the tests, and the digest that the functions know it by. */
export const apiKey = "baton-test-key";
export const apiKeyHash = createHash("sha256").update(apiKey).digest("hex");

/** A request in the words of a test; a Buffer or a text is sent as it is, anything else as JSON. */
export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly parameters?: Record<string, string>;
  readonly query?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly body?: unknown;
}

/**
 * The event that API Gateway's HTTP API makes of a request, with a valid key and content type
 * unless the test says otherwise.
 */
export function httpEvent({ method = "GET", path, parameters, query = "", headers, body }: TestRequest): HttpEvent {
  const given = { authorization: `Bearer ${apiKey}`, ...(body !== undefined && { "content-type": "application/json" }), ...headers };
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    headers: Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ...(query !== "" && { queryStringParameters: joined(query) }),
    ...(parameters && { pathParameters: parameters }),
    requestContext: requestContext(method, path),
    ...encoded(body),
  };
}

/** The context of an invocation that has 15 seconds left. */
export const context = {
  awsRequestId: "test",
  getRemainingTimeInMillis: () => 15_000,
} as unknown as Context;

/** A parameter that is given twice has both values, joined by a comma. */
function joined(query: string): Record<string, string> {
  const given = new URLSearchParams(query);
  return Object.fromEntries([...new Set(given.keys())].map((name) => [name, given.getAll(name).join(",")]));
}

function encoded(body: unknown): { body?: string; isBase64Encoded: boolean } {
  if (body === undefined) return { isBase64Encoded: false };
  if (Buffer.isBuffer(body)) return { body: body.toString("base64"), isBase64Encoded: true };
  return { body: typeof body === "string" ? body : JSON.stringify(body), isBase64Encoded: false };
}

function requestContext(method: string, path: string): HttpEvent["requestContext"] {
  return {
    accountId: "000000000000",
    apiId: "test",
    domainName: "localhost",
    domainPrefix: "localhost",
    http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "vitest" },
    requestId: randomUUID(),
    routeKey: "$default",
    stage: "$default",
    time: "24/Nov/2026:10:00:00 +0000",
    timeEpoch: 1795514400000,
  };
}
