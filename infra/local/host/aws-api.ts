import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { readBody } from "./request-body.ts";

/** One call of the AWS SDK: its JSON, and the path and method where the service has a REST API. */
export interface AwsCall {
  readonly method: string;
  readonly path: string;
  /** `AmazonSSM.GetParameter`, where the service speaks JSON 1.1. */
  readonly target: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A call that the service refuses, by the name that the SDK throws. */
export class AwsRefusal extends Error {
  override readonly name = "AwsRefusal";
  readonly type: string;
  readonly status: number;

  constructor(type: string, status = 400) {
    super(type);
    this.type = type;
    this.status = status;
  }
}

const LIMIT = 1024 * 1024;

/** Answers the calls of an SDK client. */
export function awsApi(answer: (call: AwsCall) => unknown): RequestListener {
  return (request, response) => {
    serve(request)
      .then((result) => send(response, 200, result))
      .catch((thrown: unknown) => {
        const { type, status } = thrown instanceof AwsRefusal ? thrown : new AwsRefusal("InternalServerError", 500);
        response.setHeader("x-amzn-errortype", type);
        send(response, status, { __type: type, message: (thrown as Error).message });
      });
  };

  async function serve(request: IncomingMessage): Promise<unknown> {
    const text = (await readBody(request, LIMIT))?.toString("utf8") || "{}";
    const target = String(request.headers["x-amz-target"] ?? "");
    return answer({ method: request.method ?? "", path: request.url ?? "", target, body: JSON.parse(text) as AwsCall["body"] });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(body ?? {}));
}
