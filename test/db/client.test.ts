import { afterAll, describe, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import {
  createClient,
  DatabaseUnknownOutcomeError,
  IdempotencyConflictError,
  RunNotFoundError,
  WaitTimeoutError,
} from "../../shared/client.ts";
import type { Database } from "../../shared/db/database.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { poll } from "../support/poller.ts";

const database = await createTestDatabase();
afterAll(() => database.assertInvariants());

const Greeting = z.strictObject({ name: z.string().min(1), times: z.int().default(1) });
const greet = defineWorkflow({ name: "greet", version: 3, input: Greeting }).step("say", ({ input }) => {
  if (input.name === "nobody") throw new NonRetryableError("there is nobody to greet");
  return { said: `Hello ${input.name}, ${input.times} times` };
});
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const day = 86_400_000;
const stored = async () => (await database.query<{ runs: number }>("select count(*)::int as runs from baton.run"))[0]!.runs;
const inputOf = async (id: string) => (await database.query("select input, priority from baton.run where id = $1", [id]))[0];

/**
 * The database, its first answers to a kind of call lost after the commit or its calls sent twice
 * at once.
 */
function unreliable(inner: Database, kind: "lost" | "twice", statement: string, times: number): Database {
  let left = times;
  return {
    ...inner,
    async query<Row>(text: string, values?: readonly unknown[]) {
      const bad = text.includes(statement) && left-- > 0;
      const answers = await Promise.all(Array.from({ length: bad && kind === "twice" ? 2 : 1 }, () => inner.query<Row>(text, values)));
      if (bad && kind === "lost") throw new DatabaseUnknownOutcomeError("the answer was lost", {});
      return answers.at(-1)!;
    },
  };
}

describe.each(["neon", "pg"] as const)("through %s", (driver) => {
  const client = createClient({ url: database.url("owner"), driver, neonEndpoint: database.neon.url, workflows: [greet], logger: silent });
  const over = (inner: Database, more = {}) => createClient({ database: inner, logger: silent, ...more });
  afterAll(() => client.close());

  test("a run is enqueued with its parsed input, and waited for until its typed output is there", async () => {
    const { id, status } = await client.enqueue(greet, { name: "Ada" }, { priority: 0 });
    expect(status).toBe("ready");
    expect(await inputOf(id)).toEqual({ input: { name: "Ada", times: 1 }, priority: 0 });
    const [run] = await Promise.all([client.wait<typeof greet>(id, { timeout: "20 seconds" }), poll(database.database, [greet])]);
    expectTypeOf(run.output).toEqualTypeOf<{ said: string } | null>();
    expect(run).toMatchObject({ id, workflow: "greet", version: 3, status: "done", output: { said: "Hello Ada, 1 times" } });
    expect(await client.get(id)).toEqual(run);
  });

  test("a reference takes the place of the workflow's code, and its input is what the handlers see", async () => {
    const { id } = await client.enqueue<typeof greet>({ name: "greet", version: 3 }, { name: "Grace", times: 2 });
    expect((await inputOf(id))?.["input"]).toEqual({ name: "Grace", times: 2 });
  });

  test("a batch is stored in its order, all of it", async () => {
    const names = Array.from({ length: 250 }, (_, place) => `guest ${place}`);
    const runs = await client.enqueueMany(
      greet,
      names.map((name) => ({ input: { name } })),
    );
    const ids = runs.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(ids);
    const rows = await database.query("select input ->> 'name' as name from baton.run where id = any ($1) order by id", [ids]);
    expect(rows.map((row) => row["name"])).toEqual(names);
  });

  test("delay and runAt say when, as words, as a Date and as a text with a zone", async () => {
    const soon = new Date(Date.now() + 3_600_000);
    const runs = await client.enqueueMany(greet, [
      { input: { name: "a" }, delay: "90 minutes" },
      { input: { name: "b" }, runAt: soon },
      { input: { name: "c" }, runAt: soon.toISOString().replace("Z", "+00:00") },
    ]);
    expect(runs.map(({ status }) => status)).toEqual(["waiting", "waiting", "waiting"]);
    const views = await Promise.all(runs.map(({ id }) => client.get(id)));
    expect(views.map((view) => view?.waiting?.for)).toEqual(["sleep", "sleep", "sleep"]);
    expect(views[1]?.waiting?.until).toBe(soon.toISOString());
    expect(views[2]?.waiting?.until).toBe(soon.toISOString());
  });

  test.each([40, -40])("a clock that is %i days wrong is noticed once, corrected, and no longer noticed", async (days) => {
    const connection = database.connect("producer", driver);
    let calls = 0;
    const counting: Database = { ...connection, query: (text, values, options) => (calls++, connection.query(text, values, options)) };
    const wrong = over(counting, { now: () => Date.now() + days * day });
    const { id } = await wrong.enqueue(greet, { name: "late" });
    expect(calls).toBe(2);
    const madeAt = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    // no guess: no test takes a day
    expect(Math.abs(madeAt - Date.now())).toBeLessThan(day);
    await wrong.enqueue(greet, { name: "later" });
    expect(calls).toBe(3);
  });

  test.each(["lost", "twice"] as const)("an enqueue whose answer is %s makes one run, and wakes a poller", async (kind) => {
    const before = await stored();
    let nudges = 0;
    const nudge = async () => void nudges++;
    const shaky = over(unreliable(database.connect("producer", driver), kind, "baton.enqueue", 2), { nudge });
    const { id } = await shaky.enqueue(greet, { name: "Lin" });
    expect(await stored()).toBe(before + 1);
    expect(await inputOf(id)).toBeDefined();
    expect(nudges).toBe(1);
  });

  test("an enqueue by a wrong clock whose first answer is lost makes one run", async () => {
    const before = await stored();
    const shaky = unreliable(database.connect("producer", driver), "lost", "baton.enqueue", 1);
    await over(shaky, { now: () => Date.now() - 40 * day }).enqueue(greet, { name: "Lin" });
    expect(await stored()).toBe(before + 1);
  });

  test("an enqueue whose every answer is lost is given up with an unknown outcome, having stored one run", async () => {
    const before = await stored();
    const shaky = over(unreliable(database.connect("producer", driver), "lost", "baton.enqueue", Infinity));
    await expect(shaky.enqueue(greet, { name: "Lin" })).rejects.toThrow(DatabaseUnknownOutcomeError);
    expect(await stored()).toBe(before + 1);
  });

  test("a key makes ten producers at once one run, and another body a conflict", async () => {
    const before = await stored();
    const key = `one-${driver}`;
    const runs = await Promise.all(Array.from({ length: 10 }, () => client.enqueue(greet, { name: "Eve" }, { idempotencyKey: key })));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1);
    expect(await stored()).toBe(before + 1);
    await expect(client.enqueue(greet, { name: "Eva" }, { idempotencyKey: key })).rejects.toThrow(IdempotencyConflictError);
  });

  test("a key is compared with what was asked for: the default that a schema fills in may change", async () => {
    const idempotencyKey = `stable-${driver}`;
    const { id } = await client.enqueue(greet, { name: "Kay" }, { idempotencyKey });
    const later = defineWorkflow({ name: "greet", version: 4, input: Greeting.extend({ times: z.int().default(7) }) }).step(
      "say",
      () => null,
    );
    expect((await client.enqueue(later, { name: "Kay" }, { idempotencyKey })).id).toBe(id);
  });

  test("a key of a whole call gives the same runs again, and another call a conflict", async () => {
    const options = { idempotencyKey: `call-${driver}` };
    const runs = [{ input: { name: "x" } }, { input: { name: "y" }, runAt: new Date("2035-01-01T00:00:00Z") }];
    const first = await client.enqueueMany(greet, runs, options);
    expect(await client.enqueueMany(greet, runs, options)).toEqual(first);
    const conflict = client.enqueueMany(greet, runs.slice(0, 1), options);
    await expect(conflict).rejects.toThrow(IdempotencyConflictError);
    await expect(conflict).rejects.toMatchObject({ run: undefined });
  });

  test("waiting ends with the run that failed, not with an error", async () => {
    const { id } = await client.enqueue(greet, { name: "nobody" });
    await poll(database.database, [greet]);
    const run = await client.wait(id, { timeout: "20 seconds" });
    expect(run).toMatchObject({
      status: "failed",
      output: null,
      error: { name: "NonRetryableError", message: "there is nobody to greet" },
    });
  });

  test("waiting too short says how the run stands, and the run goes on", async () => {
    const { id } = await client.enqueue(greet, { name: "slow" }, { delay: "1 hour" });
    // Where the database does not answer in time, nobody knows how it stands: a longer wait tells.
    let thrown: unknown;
    for (let seconds = 1; seconds <= 32; seconds *= 2) {
      thrown = await client.wait(id, { timeout: `${seconds} seconds` }).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(WaitTimeoutError);
      if ((thrown as WaitTimeoutError).status !== "unknown") break;
    }
    expect(thrown).toMatchObject({ runId: id, status: "waiting" });
    expect((await client.get(id))?.status).toBe("waiting");
  });

  test("there is no run of an unknown id, nor of a text that is none", async () => {
    for (const id of ["019f0000-0000-7000-8000-000000000000", "nonsense", "\0"]) {
      expect(await client.get(id)).toBeNull();
      await expect(client.wait(id, { timeout: "1 second" })).rejects.toThrow(RunNotFoundError);
    }
  });
});
