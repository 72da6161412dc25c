import type { IncomingMessage, ServerResponse } from "node:http";
import type { Caller } from "./access.ts";
import { AwsRefusal } from "./aws-refusal.ts";
import { checkInput } from "./check-input.ts";
import { type Input, operationOf, type RawCall } from "./operations.ts";
import { readBody } from "../../../shared/node/request-body.ts";
import type { Operation } from "./service-model.ts";

/** One call of the AWS SDK whose input is of the form that the service's model asks for. */
export interface AwsCall {
  readonly operation: Operation;
  readonly input: Input;
}

/** Throws AwsRefusal where a caller may not make a call. */
export type Authorize = (caller: Caller, operation: Operation, input: Input) => void;

/** A RequestListener that knows who signed the request. */
export type CallListener = (request: IncomingMessage, response: ServerResponse, caller?: Caller) => void;

const LIMIT = 1024 * 1024;

/**
 * Answers the calls of an SDK client: first the model is asked, then the caller's role, then the
 * service. Without `authorize` everybody may do everything.
 */
export function awsApi(answer: (call: AwsCall) => unknown, authorize?: Authorize): CallListener {
  return (request, response, caller) => {
    serve(request, caller)
      .then((result) => send(response, 200, result))
      .catch((thrown: unknown) => {
        const refusal = thrown instanceof AwsRefusal ? thrown : new AwsRefusal("InternalServerError", { status: 500 });
        response.setHeader("x-amzn-errortype", refusal.type);
        send(response, refusal.status, { __type: refusal.type, message: (thrown as Error).message });
      });
  };

  async function serve(request: IncomingMessage, caller: Caller | undefined): Promise<unknown> {
    const target = String(request.headers["x-amz-target"] ?? "");
    const body = await jsonOf(request);
    const { operation, input } = operationOf({ method: request.method ?? "", path: request.url ?? "", target, body });
    checkInput(operation, input);
    if (caller !== undefined) authorize?.(caller, operation, input);
    return answer({ operation, input });
  }
}

async function jsonOf(request: IncomingMessage): Promise<RawCall["body"]> {
  const text = await readBody(request, LIMIT);
  if (text === undefined) throw new AwsRefusal("RequestEntityTooLargeException", { status: 413 });
  try {
    return JSON.parse(text.toString("utf8") || "{}") as RawCall["body"];
  } catch {
    throw new AwsRefusal("SerializationException");
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body ?? {}));
}
