import { setTimeout as pause } from "node:timers/promises";

/**
 * What may happen to one request between a caller and Postgres.
 *
 * `-before`: Postgres never hears of it. `-after`: it was executed and committed, and the caller
 * does not learn so.
 */
export type Fault =
  | { readonly kind: "drop-before" }
  | { readonly kind: "status-before"; readonly status: number; readonly body?: string }
  | { readonly kind: "delay-before"; readonly ms: number }
  | { readonly kind: "hang" }
  | { readonly kind: "drop-after" }
  | { readonly kind: "status-after"; readonly status: 500 | 502 | 503 | 504 | 507; readonly body?: string }
  | { readonly kind: "no-code-after" }
  | { readonly kind: "delay-after"; readonly ms: number }
  | { readonly kind: "truncate" }
  | { readonly kind: "garble" }
  | { readonly kind: "repeat"; readonly times: number }
  | { readonly kind: "repeat-concurrently" }
  | { readonly kind: "late-copy"; readonly ms: number };

/**
 * What a fault plan sees of a request: its statements joined by `;`, and its number since the
 * start.
 */
export interface FaultyRequest {
  readonly text: string;
  readonly index: number;
  readonly batch: boolean;
}

/** Says which fault a request meets, if any. */
export type FaultPlan = (request: FaultyRequest) => Fault | undefined;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One request in the hands of a fault: it may be executed any number of times, and answered once or
 * dropped.
 */
export interface Exchange {
  execute(): Promise<Answer>;
  send(answer: Answer): void;
  /** Sends the head of a good answer, then only a part of its body, and closes the connection. */
  sendPart(answer: Answer): void;
  drop(): void;
  /** Does something after the request is over; the endpoint's `idle()` waits for it. */
  later(work: () => Promise<unknown>): void;
}

/** Plays `fault` on one exchange. */
export async function play(fault: Fault, exchange: Exchange): Promise<void> {
  switch (fault.kind) {
    case "hang":
      return;
    case "drop-before":
      return exchange.drop();
    case "status-before":
      return exchange.send({ status: fault.status, body: fault.body ?? "" });
    case "delay-before":
      await pause(fault.ms);
      return exchange.send(await exchange.execute());
    case "repeat":
      return exchange.send(await repeat(fault.times, exchange));
    case "repeat-concurrently":
      return exchange.send((await Promise.all([exchange.execute(), exchange.execute()]))[1]);
    default:
      return playAfter(fault, exchange, await exchange.execute());
  }
}

type FaultAfter = Exclude<Fault, { kind: "hang" | "drop-before" | "status-before" | "delay-before" | "repeat" | "repeat-concurrently" }>;

async function playAfter(fault: FaultAfter, exchange: Exchange, answer: Answer): Promise<void> {
  switch (fault.kind) {
    case "drop-after":
      return exchange.drop();
    case "status-after":
      return exchange.send({ status: fault.status, body: fault.body ?? "" });
    case "no-code-after":
      return exchange.send({ status: 400, body: JSON.stringify({ message: "connection to the server was lost" }) });
    case "delay-after":
      await pause(fault.ms);
      return exchange.send(answer);
    case "truncate":
      return exchange.sendPart(answer);
    case "garble":
      return exchange.send({ status: 200, body: "<html>bad gateway</html>" });
    case "late-copy":
      exchange.send(answer);
      exchange.later(() => pause(fault.ms).then(() => exchange.execute()));
  }
}

async function repeat(times: number, exchange: Exchange): Promise<Answer> {
  let answer = await exchange.execute();
  for (let done = 1; done < times; done++) answer = await exchange.execute();
  return answer;
}
