import { afterAll, expect, expectTypeOf, test } from "vitest";
import * as z from "zod";
import { createClient, DatabaseBusyError, InputTooLargeError, InvalidRunError, type RunView } from "../../shared/client.ts";
import type { Logger } from "../../shared/domain/node.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createTestDatabase } from "../support/database.ts";
import { poll } from "../support/poller.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
afterAll(() => database.assertInvariants());

const Greeting = z.strictObject({ name: z.string().min(1), times: z.int().default(1) });
const greet = defineWorkflow({ name: "greet", version: 3, input: Greeting }).step("say", ({ input }) => ({ said: `Hello ${input.name}` }));
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const client = createClient({ database: database.database, logger: silent });

test("bad input is refused with a pointer before anything is sent", async () => {
  const requests = database.neon.stats.requests;
  // @ts-expect-error the name is a text
  const wrong = client.enqueueMany(greet, [{ input: { name: "a" } }, { input: { name: 7 } }]);
  await expect(wrong).rejects.toThrow(InvalidRunError);
  await expect(wrong).rejects.toMatchObject({ issues: [{ run: 1, pointer: "/input/name" }] });
  // @ts-expect-error priorities end at 3
  await expect(client.enqueue(greet, { name: "a" }, { priority: 4 })).rejects.toMatchObject({ issues: [{ run: 0, pointer: "/priority" }] });
  // @ts-expect-error this is not an option
  await expect(client.enqueue(greet, { name: "a" }, { prio: 1 })).rejects.toMatchObject({ issues: [{ run: 0, pointer: "/prio" }] });
  const date = { name: "greet", version: 3 } as const;
  // @ts-expect-error a Date is not JSON
  await expect(client.enqueue(date, { at: new Date() })).rejects.toMatchObject({ issues: [{ run: 0, pointer: "/input/at" }] });
  await expect(client.enqueue(greet, { name: "a" }, { runAt: new Date(NaN) })).rejects.toMatchObject({ issues: [{ pointer: "/runAt" }] });
  await expect(client.enqueue(greet, undefined as never)).rejects.toMatchObject({ issues: [{ run: 0, pointer: "/input" }] });
  await expect(client.enqueueMany(greet, [])).rejects.toThrow(InvalidRunError);
  await expect(client.enqueueMany(greet, [{ input: { name: "a" } }], { idempotencyKey: "a b" })).rejects.toThrow(InvalidRunError);
  expect(database.neon.stats.requests).toBe(requests);
});

test.each([
  ["Greet", 3, '"Greet" cannot be the name of a workflow: a name is a lower-case letter'],
  ["two words", 3, '"two words" cannot be the name'],
  ["", 3, '"" cannot be the name'],
  ["greet", 0, "a version is a whole number from 1 to 2147483647"],
  ["greet", 2 ** 31, "a version is a whole number from 1 to 2147483647"],
  ["greet", 1.5, "a version is a whole number from 1 to 2147483647"],
])("a reference to %j in version %d, which no workflow can have, is refused before anything is sent", async (name, version, sentence) => {
  const requests = database.neon.stats.requests;
  await expect(client.enqueue({ name, version }, {})).rejects.toThrow(sentence);
  expect(database.neon.stats.requests).toBe(requests);
});

test("the compiler checks a reference and its input by the type, and an unknown output by none", () => {
  const refused = () => [
    // @ts-expect-error the type has version 3
    client.enqueue<typeof greet>({ name: "greet", version: 2 }, { name: "a", times: 1 }),
    // @ts-expect-error handlers see times too
    client.enqueue<typeof greet>({ name: "greet", version: 3 }, { name: "a" }),
    // @ts-expect-error this is not an input of greet
    client.enqueue(greet, { title: "a" }),
  ];
  expectTypeOf(refused).toBeFunction();
  expectTypeOf(client.get("")).resolves.toEqualTypeOf<RunView | null>();
});

test("what a schema makes of an input must be storable too", async () => {
  const cut = defineWorkflow({ name: "cut", version: 1, input: z.string().transform((text) => text.slice(0, 1)) }).step("say", () => null);
  await expect(client.enqueue(cut, "\u{1F600}")).rejects.toMatchObject({ issues: [{ run: 0, pointer: "/input" }] });
});

test("an input over 256 KiB is refused, and so are inputs of over 4 MiB together", async () => {
  const large = { name: "x".repeat(256 * 1024) };
  await expect(client.enqueueMany(greet, [{ input: { name: "a" } }, { input: large }])).rejects.toMatchObject({
    name: "InputTooLargeError",
    run: 1,
  });
  const many = Array.from({ length: 17 }, () => ({ input: { name: "x".repeat(255 * 1024) } }));
  const refused = client.enqueueMany(greet, many);
  await expect(refused).rejects.toThrow(InputTooLargeError);
  await expect(refused).rejects.toMatchObject({ run: undefined });
});

test("what a schema makes of an input must not be too large either", async () => {
  const wide = defineWorkflow({ name: "wide", version: 1, input: z.string().transform((text) => text.repeat(1_000)) }).step(
    "say",
    () => null,
  );
  await expect(client.enqueue(wide, "x".repeat(1_000))).rejects.toMatchObject({ name: "InputTooLargeError", run: 0, bytes: 1_000_002 });
});

test("the largest call, with all that makes a request longer, goes through both drivers", async () => {
  const workflow = { name: "greet", version: 3 } as const;
  // Each quotation mark is two bytes of JSON and four in the JSON of a request to Neon.
  const runs = Array.from({ length: 1_000 }, (_, n) => ({
    input: { name: '"'.repeat(2_080), times: n },
    runAt: "2027-06-01T00:00:00Z",
    idempotencyKey: `${'"'.repeat(250)}${n}`,
  }));
  for (const driver of ["neon", "pg"] as const) {
    const own = createClient({ database: database.connect("owner", driver), logger: silent });
    expect(await own.enqueueMany<typeof greet>(workflow, runs)).toHaveLength(1_000);
  }
});

test("a nudge that fails is logged and fails no enqueue; runs for later nudge nobody", async () => {
  const lines: string[] = [];
  let nudges = 0;
  const nudge = async () => {
    nudges++;
    throw new Error("nobody is there");
  };
  const nudging = createClient({ database: database.database, nudge, logger: { ...silent, warn: (line) => void lines.push(line) } });
  await nudging.enqueue(greet, { name: "a" });
  await nudging.enqueue(greet, { name: "a" }, { delay: "1 hour" });
  expect(nudges).toBe(1);
  expect(lines).toEqual([expect.stringContaining("nudged")]);
});

test("a client that closes leaves a database open that it was given", async () => {
  await client.close();
  expect(await database.database.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("a database that is not there is reported as busy, after some tries", async () => {
  const lines: string[] = [];
  await using nowhere = createClient({
    url: "postgresql://user:secret@127.0.0.1:1/db",
    driver: "pg",
    logger: { ...silent, warn: (line) => void lines.push(line) },
  });
  await expect(nowhere.enqueue(greet, { name: "a" })).rejects.toThrow(DatabaseBusyError);
  expect(lines).toHaveLength(3);
});

test("a run that a poller works on is seen by a waiting client", async () => {
  const { id } = await client.enqueue(greet, { name: "watched" });
  let looks = 0;
  const inner = database.database;
  const counted: typeof inner = { ...inner, query: (...call) => (looks++, inner.query(...call)) };
  const waiting = createClient({ database: counted }).wait(id, { timeout: "2 minutes" });
  await until("the client has looked twice in vain", () => looks >= 2);
  await poll(database.database, [greet]);
  expect((await waiting).status).toBe("done");
});

test("a time that is past means now, so that nobody overtakes the runs that wait already", async () => {
  const { id, status } = await client.enqueue(greet, { name: "past" }, { runAt: "1999-12-31T00:00:00Z" });
  expect(status).toBe("ready");
  const [row] = await database.query("select start_at >= created_at as now from baton.run where id = $1", [id]);
  expect(row).toEqual({ now: true });
});

test.each(["1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z"])("however long ago it is: %s", async (runAt) => {
  expect(await client.enqueue(greet, { name: "long ago" }, { runAt })).toMatchObject({ status: "ready" });
});
