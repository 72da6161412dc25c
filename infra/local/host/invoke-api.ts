import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "./access.ts";
import type { Authorize, CallListener } from "./aws-api.ts";
import { AwsRefusal } from "./aws-refusal.ts";
import { checkInput } from "./check-input.ts";
import type { Outcome } from "./lambda-instance.ts";
import { type LambdaPool, TooManyRequestsError } from "./lambda-pool.ts";
import { calledArn, type Input } from "./operations.ts";
import { readBody } from "../../../shared/node/request-body.ts";

/** What Lambda takes with one call, in bytes; others wait for the end of a synchronous one. */
const LIMITS = { RequestResponse: 6 * 1024 * 1024, Event: 1024 * 1024, DryRun: 6 * 1024 * 1024 } as const;

/**
 * Answers Lambda's Invoke API, so that functions wake one another through the AWS SDK as when
 * deployed.
 */
export function invokeApi(poolAt: (arn: string) => LambdaPool | undefined, authorize: Authorize): CallListener {
  return (request, response, caller) => {
    serve(request, response, caller).catch((thrown: unknown) => refuse(response, refusalOf(thrown)));
  };

  async function serve(request: IncomingMessage, response: ServerResponse, caller: Caller | undefined): Promise<void> {
    const input = inputOf(request);
    checkInput("lambda:Invoke", input);
    if (caller !== undefined) authorize(caller, "lambda:Invoke", input);
    const { type, pool } = invocationOf(input);
    const event = await eventOf(request, LIMITS[type]);
    if (type === "DryRun") return void response.writeHead(204).end();
    if (type === "RequestResponse") return answer(response, await pool.invoke(event));
    // Nobody waits for an event's end; a failure of the function is in its log.
    pool.invokeAsync(event).catch(() => undefined);
    response.writeHead(202).end();
  }

  function invocationOf(input: Input): { type: keyof typeof LIMITS; pool: LambdaPool } {
    const arn = calledArn(input).replace(/:\$LATEST$/, "");
    const pool = poolAt(arn);
    if (pool !== undefined) return { type: (input["InvocationType"] ?? "RequestResponse") as keyof typeof LIMITS, pool };
    throw new AwsRefusal("ResourceNotFoundException", { status: 404, message: `Function not found: ${arn}` });
  }
}

function inputOf({ method, url = "", headers }: IncomingMessage): Input {
  const [, name, query = ""] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?(.*))?$/.exec(url) ?? [];
  if (method !== "POST" || name === undefined)
    throw new AwsRefusal("UnknownOperationException", { status: 404, message: `The local host has no ${method} ${url}.` });
  return {
    FunctionName: decodeURIComponent(name),
    InvocationType: headers["x-amz-invocation-type"],
    LogType: headers["x-amz-log-type"],
    ClientContext: headers["x-amz-client-context"],
    Qualifier: new URLSearchParams(query).get("Qualifier") ?? undefined,
  };
}

async function eventOf(request: IncomingMessage, limit: number): Promise<string> {
  const payload = await readBody(request, limit);
  if (payload === undefined) {
    const message = `Request must be smaller than ${limit} bytes for the InvokeFunction operation`;
    throw new AwsRefusal("RequestTooLargeException", { status: 413, message });
  }
  const event = payload.length === 0 ? "{}" : payload.toString("utf8");
  try {
    JSON.parse(event);
    return event;
  } catch (thrown) {
    const message = `Could not parse request body into json: ${(thrown as Error).message}`;
    throw new AwsRefusal("InvalidRequestContentException", { message });
  }
}

function answer(response: ServerResponse, outcome: Outcome): void {
  if ("payload" in outcome) return void response.writeHead(200, { "content-type": "application/json" }).end(outcome.payload);
  response.writeHead(200, { "content-type": "application/json", "x-amz-function-error": "Unhandled" }).end(JSON.stringify(outcome.error));
}

function refusalOf(thrown: unknown): AwsRefusal {
  if (thrown instanceof AwsRefusal) return thrown;
  const { message } = thrown as Error;
  if (thrown instanceof TooManyRequestsError) return new AwsRefusal("TooManyRequestsException", { status: 429, message });
  return new AwsRefusal("ServiceException", { status: 500, message });
}

function refuse(response: ServerResponse, { type, status, message }: AwsRefusal): void {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type }).end(JSON.stringify({ Message: message }));
}
