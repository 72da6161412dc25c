import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/**
 * A request as API Gateway's HTTP API hands it over (payload format 2.0); header names are lower
 * case.
 */
export type HttpEvent = APIGatewayProxyEventV2;

/** A structured answer to it. */
export type HttpAnswer = APIGatewayProxyStructuredResultV2;

/** An answer with a JSON body. */
export function answer(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return { statusCode, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** The id of the run in the path, as it was written there. */
export function runIdOf(event: HttpEvent): string {
  return event.pathParameters?.["id"] ?? "";
}

/** A header, by its name in lower case. */
export function headerOf(event: HttpEvent, name: string): string | undefined {
  return event.headers?.[name];
}
