import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** How an invocation ended: the handler's answer, or the error that it, the runtime or the platform reported. */
export type Outcome = { readonly answer: unknown } | { readonly error: { readonly errorType: string; readonly errorMessage: string } };

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly deadline: number;
  readonly end: (outcome: Outcome) => void;
}

/**
 * AWS' Lambda Runtime API for one instance, over HTTP: the runtime asks for the next invocation and reports its end.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  readonly server: Server = createServer((request, response) => void this.#serve(request, response));
  #next: Invocation | undefined;
  #running: Invocation | undefined;
  #waiting: ServerResponse | undefined;
  /** Set when the function could not be loaded. */
  initError: Outcome | undefined;
  onInitError: () => void = () => undefined;

  /** Hands the instance an event; deadline in milliseconds since 1970. One at a time, as on Lambda. */
  invoke(event: unknown, deadline: number): Promise<Outcome> {
    return new Promise((end) => {
      this.#next = { id: randomUUID(), event: JSON.stringify(event), deadline, end };
      this.#deliver();
    });
  }

  /** Ends what is running or waits, for the platform: the instance was killed, or its time is over. */
  fail(errorType: string, errorMessage: string): void {
    for (const invocation of [this.#running, this.#next]) invocation?.end({ error: { errorType, errorMessage } });
    this.#running = this.#next = undefined;
  }

  #deliver(): void {
    const [response, invocation] = [this.#waiting, this.#next];
    if (response === undefined || invocation === undefined) return;
    this.#waiting = this.#next = undefined;
    this.#running = invocation;
    const headers = {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": invocation.id,
      "lambda-runtime-deadline-ms": String(invocation.deadline),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:local:000000000000:function:test",
    };
    response.writeHead(200, headers).end(invocation.event);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "";
    if (path.endsWith("/runtime/invocation/next")) {
      this.#waiting = response;
      return this.#deliver();
    }
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString() || "null") as never;
    response.writeHead(202).end();
    if (path.endsWith("/runtime/init/error")) {
      this.initError = { error: body };
      return this.onInitError();
    }
    const [, id, kind] = /\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (this.#running?.id !== id) return;
    const { end } = this.#running!;
    this.#running = undefined;
    end(kind === "response" ? { answer: body } : { error: body });
  }
}
