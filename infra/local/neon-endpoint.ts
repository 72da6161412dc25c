import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import pg from "pg";
import { type Answer, type Exchange, type FaultPlan, play } from "./faults.ts";
import { localOnly } from "./host/local-only.ts";
import { BadRequestError, type NeonRequest, parseRequest } from "./neon/request.ts";
import { type Address, type Caller, NeonSessions, refusal } from "./neon/sessions.ts";

export type { Fault, FaultPlan } from "./faults.ts";

export interface NeonEndpointOptions {
  /** The Postgres behind it; user, password and database come from each request. */
  readonly postgres: Address;
  /** Default: a free one. */
  readonly port?: number;
  readonly faults?: FaultPlan;
}

export interface NeonEndpoint {
  /** Where the Neon driver posts to: `neonConfig.fetchEndpoint = () => url`. */
  readonly url: string;
  readonly port: number;
  /** Counts since the start. */
  readonly stats: { readonly requests: number; readonly statements: number };
  /** Replaces the fault plan; undefined ends all faults. */
  inject(faults: FaultPlan | undefined): void;
  /** Resolves when nothing is executed any more, late copies included. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const REQUEST_LIMIT = 10 * 1024 * 1024;

/**
 * Starts a local endpoint that speaks Neon's `/sql` protocol in front of any Postgres, on
 * 127.0.0.1.
 */
export async function startNeonEndpoint(options: NeonEndpointOptions): Promise<NeonEndpoint> {
  const sessions = new NeonSessions(options.postgres);
  const working = new Set<Promise<unknown>>();
  let faults = options.faults;
  let requests = 0;

  const track = (work: Promise<unknown>): void => {
    const settled = work.catch(() => undefined).finally(() => working.delete(settled));
    working.add(settled);
  };
  // Who may do what is decided by Postgres, by the user and password in each request.
  const server = createServer(
    { keepAliveTimeout: 60_000 },
    localOnly((request, response) => track(serve(request, response).catch((error: unknown) => send(response, failure(error))))),
  );

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST" || request.url !== "/sql") return send(response, { status: 404, body: "POST /sql" });
    const body = await readBody(request);
    if (body === undefined) return send(response, { status: 413, body: `request is too large (max is ${REQUEST_LIMIT} bytes)` });
    const call = parseRequest(request.headers, body);
    const fault = faults?.({ text: call.statements.map(({ query }) => query).join(";"), index: requests, batch: call.begin !== undefined });
    requests++;
    const exchange = exchangeFor(call, response);
    await (fault === undefined ? exchange.execute().then((answer) => exchange.send(answer)) : play(fault, exchange));
  }

  function exchangeFor(call: NeonRequest, response: ServerResponse): Exchange {
    const callers = new Set<Caller>();
    response.on("close", () => callers.forEach((caller) => sessions.cancel(caller)));
    return {
      execute: async () => {
        const caller: Caller = { gone: false };
        callers.add(caller);
        return sessions.run(call, caller).finally(() => callers.delete(caller));
      },
      send: (answer) => send(response, answer),
      sendPart: (answer) => sendPart(response, answer),
      drop: () => void response.destroy(),
      later: (work) => track(work()),
    };
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/sql`,
    port,
    stats: {
      get requests() {
        return requests;
      },
      get statements() {
        return sessions.statements;
      },
    },
    inject: (plan) => {
      faults = plan;
    },
    idle: async () => {
      while (working.size > 0) await Promise.all(working);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await sessions.close();
    },
  };
}

/** The body as text, or undefined when it is longer than the limit. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= REQUEST_LIMIT) chunks.push(chunk);
  }
  return length > REQUEST_LIMIT ? undefined : Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    "content-type": status === 200 ? "application/json" : "text/plain",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function sendPart(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}

/** No session could be had, or the request made no sense: nothing was executed. */
function failure(error: unknown): Answer {
  if (error instanceof BadRequestError || error instanceof pg.DatabaseError) return refusal(error);
  return { status: 500, body: `could not connect to Postgres: ${(error as Error).message}` };
}
