import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { RunningService } from "../../journeys/service-copy.ts";
import { until } from "../../support/until.ts";
import type { Told } from "../baton/waiting-workflows.ts";
import { withNpmStart } from "./npm-start.ts";
import { median, quantile } from "./statistics.ts";

const warmUp = 20;
const samples = 200;
/** Between two, so that the poller of the one before has ended. */
const pauseMs = 50;
const giveUpAfterMs = 60_000;

const waits = ["signal", "key", "approval", "callback"] as const;
const kinds = ["enqueue", ...waits] as const;
type Kind = (typeof kinds)[number];

/** What it takes to answer a run that waits. */
interface Waiting {
  readonly id: string;
  readonly order: string;
  /** What its handler was given, where it has one. */
  readonly url: string | undefined;
}

/**
 * W10: milliseconds from an HTTP request to the start of the step that comes next, through
 * everything that `npm start` starts: of what ends a wait, and, beside it, of an enqueue.
 */
export function measureWaits(): Promise<Record<string, number>> {
  return withNpmStart("bench/baton/waiting-workflows.ts", async (service) => {
    await using ear = await listen();
    const input = (order: string) => ({ input: { order, tell: ear.url } });
    const waiting = await beginWaits(service, ear, input);
    const took = new Map(kinds.map((kind) => [kind, [] as number[]]));
    // In turn, so that a change of the machine's mood meets all alike.
    for (let n = 0; n < warmUp + samples; n++) {
      for (const kind of kinds) {
        const order = `${kind}-${n}`;
        const request = () =>
          kind === "enqueue" ? service.call("/workflows/enqueue/runs", input(order)) : requests[kind](service, waiting.get(order)!);
        took.get(kind)!.push(await timed(ear, order, request));
      }
    }
    return Object.fromEntries(kinds.flatMap((kind) => figures(kind, took.get(kind)!.slice(warmUp))));
  });
}

const requests: Readonly<Record<(typeof waits)[number], (service: RunningService, waiting: Waiting) => Promise<Response>>> = {
  signal: (service, { id }) => service.call(`/runs/${id}/signals/paid`, 1),
  key: (service, { order }) => service.call(`/workflows/key/signals/paid/${order}`, 1),
  approval: (_, { url }) => fetch(url!, { method: "POST", body: new URLSearchParams() }),
  callback: (_, { url }) => fetch(`${url}/complete`, { method: "POST", headers: { "content-type": "application/json" }, body: "1" }),
};

function figures(kind: Kind, took: readonly number[]): [string, number][] {
  return [
    [`${kind}P50`, median(took)],
    [`${kind}P95`, quantile(took, 0.95)],
  ];
}

async function timed(ear: Ear, order: string, request: () => Promise<Response>): Promise<number> {
  const started = ear.hear(order);
  const sentAt = performance.timeOrigin + performance.now();
  const [{ startedAt }] = await Promise.all([started, request().then(requireOk)]);
  await pause(pauseMs);
  return startedAt - sentAt;
}

async function requireOk(response: Response): Promise<void> {
  const text = await response.text();
  if (!response.ok) throw new Error(`answered with ${response.status}: ${text}`);
}

/** Enqueues all runs that are to wait, and resolves once none of them does anything else. */
async function beginWaits(service: RunningService, ear: Ear, input: (order: string) => object): Promise<Map<string, Waiting>> {
  const waiting = new Map<string, Waiting>();
  for (const kind of waits) {
    const orders = Array.from({ length: warmUp + samples }, (_, n) => `${kind}-${n}`);
    const response = await service.call(`/workflows/${kind}/runs`, { runs: orders.map(input) });
    const { runs } = (await response.json()) as { runs: { id: string }[] };
    await untilWaiting(service, kind, orders.length);
    for (const [n, order] of orders.entries()) waiting.set(order, { id: runs[n]!.id, order, url: ear.urls.get(order) });
  }
  return waiting;
}

async function untilWaiting(service: RunningService, kind: Kind, runs: number): Promise<void> {
  const count = async () => {
    const { workflows } = (await (await service.call("/workflows")).json()) as {
      workflows: { name: string; counts: { waiting: number } }[];
    };
    return workflows.find(({ name }) => name === kind)?.counts.waiting;
  };
  await until(`all runs of ${kind} wait`, async () => (await count()) === runs, 200);
}

type Ear = Awaited<ReturnType<typeof listen>>;

/** Hears what handlers tell. */
async function listen() {
  const urls = new Map<string, string>();
  const started = new EventEmitter();
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const told = body as Told;
      if ("url" in told) urls.set(told.order, told.url);
      else started.emit(told.order, told);
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Where runs are answered, by their orders. */
    urls,
    /** When the step of an order started, which has not yet. */
    async hear(order: string): Promise<{ startedAt: number }> {
      const [told] = (await once(started, order, { signal: AbortSignal.timeout(giveUpAfterMs) })) as [{ startedAt: number }];
      return told;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
