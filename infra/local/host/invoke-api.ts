import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Outcome } from "./lambda-instance.ts";
import { type LambdaPool, TooManyRequestsError } from "./lambda-pool.ts";
import { readBody } from "./request-body.ts";

/** What Lambda takes with one synchronous call, in bytes. */
const PAYLOAD_LIMIT = 6 * 1024 * 1024;

/**
 * Answers Lambda's Invoke API, so that functions wake one another through the AWS SDK as when
 * deployed.
 */
export function invokeApi(poolNamed: (name: string) => LambdaPool | undefined): RequestListener {
  return (request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (error instanceof TooManyRequestsError) refuse(response, 429, "TooManyRequestsException", error.message);
      else refuse(response, 500, "ServiceException", (error as Error).message);
    });
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations/.exec(request.url ?? "") ?? [];
    const pool = name === undefined ? undefined : poolNamed(decodeURIComponent(name));
    const payload = await readBody(request, PAYLOAD_LIMIT);
    if (request.method !== "POST" || pool === undefined)
      return refuse(response, 404, "ResourceNotFoundException", `Function not found: ${name}`);
    if (payload === undefined) return refuse(response, 413, "RequestTooLargeException", "Request must be smaller than 6291456 bytes");
    const event = payload.length === 0 ? "{}" : payload.toString("utf8");
    if (request.headers["x-amz-invocation-type"] !== "Event") return answer(response, await pool.invoke(event));
    // Nobody waits for an event's end; a failure of the function is in its log.
    pool.invokeAsync(event).catch(() => undefined);
    response.writeHead(202).end();
  }
}

function answer(response: ServerResponse, outcome: Outcome): void {
  if ("payload" in outcome) return void response.writeHead(200, { "content-type": "application/json" }).end(outcome.payload);
  response.writeHead(200, { "content-type": "application/json", "x-amz-function-error": "Unhandled" }).end(JSON.stringify(outcome.error));
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type }).end(JSON.stringify({ Message: message }));
}
