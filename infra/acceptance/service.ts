import { setTimeout } from "node:timers/promises";
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";

const Run = z.object({
  id: z.string(),
  status: z.string(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
  output: z.unknown(),
  crashes: z.int(),
  error: z.unknown(),
});

export type Run = z.output<typeof Run>;

/** What was to come did not. */
export class NotSeenError extends Error {
  override readonly name = "NotSeenError";
}

export interface ServiceOptions {
  /** The API's address, without a slash at its end. */
  readonly url: string;
  readonly lambda: LambdaClient;
  readonly pollerName: string;
  /** Waits between two looks (default: as long as it says). */
  readonly pause?: ((ms: number) => Promise<void>) | undefined;
}

/** A deployed service, as its users and its schedule reach it. */
export class Service {
  readonly #options: ServiceOptions;
  /** What requests carry; a rotation replaces it. */
  key = "";

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** The status of a request that reads, by some key. */
  async statusFor(key: string): Promise<number> {
    return (await this.#fetch("GET", "/runs?limit=1", key)).status;
  }

  async enqueue(workflow: string, input: unknown, runAt?: Date): Promise<string> {
    const response = await this.#fetch("POST", `/workflows/${workflow}/runs`, this.key, { input, ...(runAt && { runAt }) });
    if (response.status !== 202) throw new NotSeenError(`POST was answered with ${response.status}: ${await response.text()}`);
    return z.object({ id: z.string() }).parse(await response.json()).id;
  }

  /** The run once it is done; looks for some seconds. */
  async done(id: string, seconds: number, everyMs = 1_000): Promise<Run> {
    let run: Run | undefined;
    await this.until(`run ${id} is done`, seconds, everyMs, async () => {
      const response = await this.#fetch("GET", `/runs/${id}`, this.key);
      if (!response.ok) return false;
      run = Run.parse(await response.json());
      if (run.status === "failed" || run.status === "cancelled" || run.status === "blocked")
        throw new NotSeenError(`Run ${id} is ${run.status}: ${JSON.stringify(run.error)}`);
      return run.status === "done";
    });
    return run!;
  }

  /** Does what a tick of the schedule does; whether it left the database alone. */
  async rests(): Promise<boolean> {
    const command = new InvokeCommand({ FunctionName: this.#options.pollerName, Payload: "{}" });
    const { Payload, FunctionError } = await this.#options.lambda.send(command);
    const text = Buffer.from(Payload ?? []).toString("utf8");
    if (FunctionError !== undefined) throw new NotSeenError(`The poller failed: ${text}`);
    return z.object({ rested: z.boolean() }).parse(JSON.parse(text)).rested;
  }

  /** Looks until a fact holds, for some seconds; throws NotSeenError. */
  async until(fact: string, seconds: number, everyMs: number, look: () => Promise<boolean>): Promise<void> {
    const { pause = setTimeout } = this.#options;
    for (let looks = Math.ceil((seconds * 1_000) / everyMs); looks > 0; looks--) {
      if (await look()) return;
      await pause(everyMs);
    }
    throw new NotSeenError(`After ${seconds} s it is not so that ${fact}.`);
  }

  #fetch(method: string, path: string, key: string, body?: unknown): Promise<Response> {
    return fetch(this.#options.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  }
}
