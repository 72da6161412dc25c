import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Invocation, LambdaError, Outcome } from "./outcome.ts";

/** What the runtime in an instance tells its host. */
export interface RuntimeListener {
  /** It asks for the next invocation, and waits until `deliver` hands it one. */
  asks(deliver: (invocation: Invocation) => void): void;
  ended(requestId: string, outcome: Outcome): void;
  /** The function could not be loaded. */
  failedToStart(error: LambdaError): void;
}

const ROOT = "/2018-06-01/runtime";

/**
 * AWS's Lambda Runtime API for one instance, on a free port of 127.0.0.1.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startRuntimeApi(functionName: string, listener: () => RuntimeListener): Promise<{ address: string; close(): void }> {
  const server = createServer((request, response) => void serve(request, response));
  // An instance may be frozen for longer than any of these.
  Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 0, headersTimeout: 0 } satisfies Partial<Server>);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.startsWith(ROOT) === true ? request.url.slice(ROOT.length) : "";
    if (request.method === "GET" && path === "/invocation/next")
      return listener().asks((invocation) => deliver(response, functionName, invocation));
    const body = Buffer.concat(await request.toArray().catch(() => [])).toString();
    // Whoever was killed in the middle of an answer has not given it.
    if (!request.complete) return;
    const [, requestId = "", kind] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (kind === "response") listener().ended(requestId, { payload: body });
    else if (kind === "error") listener().ended(requestId, { error: errorIn(body) });
    else if (path === "/init/error") listener().failedToStart(errorIn(body));
    response.writeHead(kind !== undefined || path === "/init/error" ? 202 : 404).end();
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

function deliver(response: ServerResponse, functionName: string, { requestId, event, deadline }: Invocation): void {
  response.writeHead(200, {
    "content-type": "application/json",
    "Lambda-Runtime-Aws-Request-Id": requestId,
    "Lambda-Runtime-Deadline-Ms": String(deadline),
    "Lambda-Runtime-Invoked-Function-Arn": `arn:aws:lambda:eu-central-1:123456789012:function:${functionName}`,
    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
  });
  response.end(event);
}

function errorIn(body: string): LambdaError {
  const { errorType, errorMessage } = JSON.parse(body) as LambdaError;
  return { errorType, errorMessage };
}
