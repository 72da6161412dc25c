import * as z from "zod";
import { inOneLine } from "./one-line.ts";

const RunList = z.object({ runs: z.array(z.object({ id: z.string(), workflow: z.string(), status: z.string() })) });
const Accepted = z.object({ id: z.string(), status: z.string() });

export type ListedRun = z.output<typeof RunList>["runs"][number];

/** The service did not answer as expected. */
export class ApiError extends Error {
  override readonly name = "ApiError";
}

/** Baton's own HTTP API, as any other client uses it. */
export class Api {
  readonly address: string;
  readonly key: string;

  constructor(address: string, key: string) {
    this.address = address;
    this.key = key;
  }

  async enqueue(workflow: string, input: unknown): Promise<string> {
    return (await this.#call(Accepted, "POST", `/workflows/${workflow}/runs`, { input })).id;
  }

  /** The newest 100 with one status. */
  async runs(status: string): Promise<readonly ListedRun[]> {
    return (await this.#call(RunList, "GET", `/runs?status=${status}&limit=100`)).runs;
  }

  async #call<Answer>(schema: z.ZodType<Answer>, method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.address + path, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(`${method} ${path} was answered with ${response.status}: ${inOneLine(text)}`);
    return schema.parse(JSON.parse(text));
  }
}
