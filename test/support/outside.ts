import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a step in another process says of itself when it calls. */
export interface CallFacts {
  /** The idempotency key of the step. */
  readonly key: string;
  readonly step: string;
  readonly pid: number;
  readonly attempt: number;
  /** Differs in each call. */
  readonly nonce: string;
}

/** One call; `answer` lets the step return. */
export interface OutsideCall extends CallFacts {
  readonly answer: () => void;
}

/**
 * A service outside that steps call: it remembers every call, also of processes that are long dead,
 * and answers when the test wants.
 */
export interface Outside extends AsyncDisposable {
  readonly url: string;
  /** In the order in which they came. */
  readonly calls: readonly OutsideCall[];
  /** From now on calls get no answer until `answer` is called. */
  hold(): void;
  /** From now on calls are answered after a time; by default at once. */
  answerAfter(milliseconds: number): void;
}

export async function startOutside(): Promise<Outside> {
  const calls: OutsideCall[] = [];
  let delayMs = 0;
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const facts = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as CallFacts;
      calls.push({ ...facts, answer: () => send(response) });
      if (delayMs < Infinity) setTimeout(() => send(response), delayMs);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    hold: () => void (delayMs = Infinity),
    answerAfter: (milliseconds) => void (delayMs = milliseconds),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function send(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
}
