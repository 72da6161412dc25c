import * as z from "zod";

const RunError = z.object({ name: z.string(), message: z.string() });
const Attempt = z.object({
  number: z.number(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  error: RunError.nullish(),
});
const Step = z.object({ name: z.string(), status: z.string(), attempts: z.array(Attempt) });
const Run = z.object({
  id: z.string(),
  workflow: z.string(),
  status: z.string(),
  error: RunError.nullable(),
  waiting: z.object({ for: z.string(), until: z.string().nullable() }).nullable(),
  steps: z.array(Step),
});
const RunList = z.object({ runs: z.array(z.object({ id: z.string(), workflow: z.string(), status: z.string() })) });
const Accepted = z.object({ id: z.string(), status: z.string() });

export type Run = z.output<typeof Run>;
export type Step = z.output<typeof Step>;
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

  run(id: string): Promise<Run> {
    return this.#call(Run, "GET", `/runs/${id}`);
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
    if (!response.ok) throw new ApiError(`${method} ${path} was answered with ${response.status}: ${text.slice(0, 300)}`);
    return schema.parse(JSON.parse(text));
  }
}
