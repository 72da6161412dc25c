import { expect, inject, test } from "vitest";
import * as z from "zod";
import "../../infra/testing/vitest.ts";
import { testRuntime, UnknownNodeError } from "../../infra/testing.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { defineWorkflow, type Json, NonRetryableError } from "../../shared/index.ts";

const url = inject("testServer").adminUrl;
const Nothing = z.object({});

const greet = defineWorkflow({ name: "greet", version: 1, input: z.object({ name: z.string() }) })
  .step("charge", { output: z.object({ chargeId: z.string() }) }, () => Promise.reject(new Error("no bank in a test")))
  .sleep("pause", "3 days")
  .step("send", ({ input, charge }, { attempt }) => ({
    message: `Hello ${input.name}, paid by ${charge.chargeId}, at attempt ${attempt}`,
  }));

test("a node gives the output of the test in the place of its handler, and fails as often as the test says", async () => {
  await using t = await testRuntime({ workflows: [greet], url });
  const run = await t.enqueue(greet, { name: "Ada" }, { attributes: { of: "a test" } });
  t.stub("charge", { chargeId: "c-1" });
  t.fail("send", { times: 2, error: "not yet" });
  await t.advance("4 days");
  expect(await t.run(run)).toBeDone({ output: { message: "Hello Ada, paid by c-1, at attempt 3" } });
  expect((await t.attempts(run, "send")).map(({ number, error }) => [number, error?.message])).toEqual([
    [1, "not yet"],
    [2, "not yet"],
    [3, undefined],
  ]);
  expect(await t.run(run)).toMatchObject({ attributes: { of: "a test" } });
});

test("a failure of the test is to the engine what its handler's would be: one for good ends the run", async () => {
  await using t = await testRuntime({ workflows: [greet], url });
  t.fail("charge", { error: new NonRetryableError("the card is stolen") });
  const run = await t.enqueue(greet, { name: "Ada" });
  await t.idle();
  expect(await t.run(run)).toHaveFailedWith({ name: "NonRetryableError", message: "the card is stolen" });
  expect(await t.attempts(run, "charge")).toHaveLength(1);
  expect(await t.attempts(run, "send")).toEqual([]);
});

test("an output of the test that the node's schema refuses fails the attempt, as a handler's would", async () => {
  await using t = await testRuntime({ workflows: [greet], url });
  t.stub("charge", { chargeId: 7 });
  const run = await t.enqueue(greet, { name: "Ada" });
  await t.advance("1 minute");
  expect(await t.run(run)).toHaveFailedWith("ZodError");
  expect(await t.attempts(run, "charge")).toHaveLength(4);
});

const careless = (name: string, handler: () => unknown) =>
  defineWorkflow({ name, version: 1, input: Nothing }).step("careless", { retry: { maxAttempts: 1 } }, handler as () => Json);

const wrong = [
  careless("date", () => ({ at: new Date(0) })),
  careless("map", () => new Map([["a", 1]])),
  careless("circle", () => {
    const circle: Record<string, unknown> = {};
    return (circle["self"] = circle);
  }),
];

test.each([
  ["date", 'The value at "/at" cannot be stored as JSON: a Date is not JSON: use date.toISOString().'],
  ["map", 'The value at "" cannot be stored as JSON: an instance of a class is not JSON: use a plain object.'],
  ["circle", "it contains itself"],
])("an output that is no JSON is found: %s", async (name, message) => {
  await using t = await testRuntime({ workflows: wrong, url });
  const run = await t.enqueue(
    wrong.find((workflow) => workflow.name === name)!,
    {},
  );
  await t.idle();
  expect(await t.run(run)).toHaveFailedWith({ name: "NotJsonError", message: expect.stringContaining(message) as string });
});

test("a handler sees the state as production gives it: parsed, stored, frozen, and nothing of nodes to come", async () => {
  const seen: unknown[] = [];
  const look = defineWorkflow({ name: "look", version: 1, input: z.object({ n: z.number().default(1) }) })
    .step("give", () => ({ longer: [1, -0], b: undefined }))
    .sleep("night", "1 day")
    .step("see", (state) => void seen.push(structuredClone(state)))
    .step("change", { retry: { maxAttempts: 1 } }, ({ give }) => {
      (give as { longer: number[] }).longer.push(2);
    });
  await using t = await testRuntime({ workflows: [look], url, now: new Date("2027-03-10T12:00:00Z") });
  const run = await t.enqueue(look, {});
  await t.advance("1 day");
  expect(seen).toEqual([{ input: { n: 1 }, give: { longer: [1, 0] }, night: { until: "2027-03-11T12:00:00.000Z" } }]);
  expect(await t.run(run)).toHaveFailedWith("TypeError");
});

const book = defineWorkflow({ name: "book", version: 1, input: z.object({ n: z.int() }) })
  .sql("book", { retry: { maxAttempts: 2, backoff: "1 second", jitter: "none" } }, ({ input }) => ({
    statements: [{ text: "insert into booking values ($1)", values: [input.n] }],
    output: input.n,
  }))
  .step("tell", ({ book }) => `booked ${book}`);

test("a sql node writes to the test's tables once, and one that the test answers for writes nothing", async () => {
  await using t = await testRuntime({ workflows: [book], url });
  const rows = (text: string) => withClient(t.url, async (client) => (await client.query(text)).rows as unknown[]);
  const early = await t.enqueue(book, { n: 1 });
  await t.idle();
  expect(await t.run(early)).toBeWaitingFor("book");
  await rows("create table booking (n integer primary key)");
  await t.advance("1 second");
  expect(await t.run(early)).toBeDone({ output: "booked 1" });
  const twice = await t.enqueue(book, { n: 1 });
  await t.advance("1 minute");
  expect(await t.run(twice)).toHaveFailedWith({ code: "23505" });
  t.stub("book", 99);
  const answered = await t.enqueue(book, { n: 2 });
  await t.idle();
  expect(await t.run(answered)).toBeDone({ output: "booked 99" });
  expect(await rows("select n from booking")).toEqual([{ n: 1 }]);
});

test("a name that no node has is refused with those that there are, and a run that is not there is said so", async () => {
  await using t = await testRuntime({ workflows: [greet, book], url });
  const sentence =
    'No workflow of this test has a node "chrage": name one of charge, pause, send, book, tell, or what is below one by its whole path, such as checks/credit/score, mails/00002/send, or mails/*/send for each item.';
  expect(() => t.stub("chrage", null)).toThrow(new UnknownNodeError("chrage", ["charge", "pause", "send", "book", "tell"]));
  expect(() => t.fail("chrage")).toThrow(sentence);
  expect(() => t.stub("pause", null)).toThrow('The node "pause" is a sleep and has no handler of its own');
  await expect(t.attempts("01a42f4f-7200-7316-9826-9ead003f7493", "chrage")).rejects.toThrow(sentence);
  await expect(t.run("01a42f4f-7200-7316-9826-9ead003f7493")).rejects.toMatchObject({ name: "RunNotFoundError" });
});

test("a path below a node that no run can have is refused, and so are times that are none", async () => {
  const workflow = defineWorkflow({ name: "checks", version: 1, input: Nothing })
    .all("checks", {
      credit: (chain) => chain.step("score", () => 1),
      later: (chain) => chain.sleep("pause", "1 second").script("sum", (_, { step }) => step("add", () => 1)),
    })
    .map("mails", { over: () => [1, 2] }, (chain) => chain.step("send", () => 1))
    .script("sum", ({ checks }, { step }) => step("add", () => checks.credit));
  await using t = await testRuntime({ workflows: [workflow], url });
  for (const path of ["checks/score", "checks/credit/nothing", "checks/credit/score/x", "mails/send", "sum/a/b/c"])
    expect(() => t.stub(path, 2)).toThrow(UnknownNodeError);
  for (const path of ["sum/add", "checks/later/sum/add"])
    expect(() => t.stub(path, 2)).toThrow(`The node "${path}" is a step of a script and has no handler of its own`);
  expect(() => t.stub("checks/later/pause", 2)).toThrow('The node "checks/later/pause" is a sleep and has no handler of its own');
  expect(() => t.fail("mails/~fold/00100")).toThrow('The node "mails/~fold/00100" is a part of a map and has no handler of its own');
  expect(() => t.fail("checks")).toThrow('The node "checks" is an all and has no handler of its own');
  for (const times of [0, -1, 1.5, NaN]) expect(() => t.fail("checks/credit/score", { times })).toThrow(RangeError);
  t.stub("checks/credit/score", 2);
  t.stub("mails/00001/send", 3);
  const id = await t.enqueue(workflow, {});
  await t.advance("1 second");
  expect(await t.run(id)).toBeDone({ output: 2 });
});

test("a script whose steps go side by side is done when nothing is due any more, at the time at which it began", async () => {
  const workflow = defineWorkflow({ name: "side-by-side", version: 1, input: Nothing }).run(async (_, { step }) => {
    const all = (name: string) => Promise.all([1, 2, 3, 4].map((of) => step(name, { of }, async () => of)));
    await all("first");
    await step("between", () => 1);
    return (await all("second")).length;
  });
  await using t = await testRuntime({ workflows: [workflow], url });
  const id = await t.enqueue(workflow, {});
  await t.idle();
  expect(await t.run(id)).toBeDone({ output: 4 });
  expect(await t.attempts(id, "run")).toHaveLength(1);
});

test("a test has one poller, which calls the handlers of every queue", async () => {
  const film = defineWorkflow({ name: "film", version: 1, input: Nothing, on: "gpu" })
    .step("probe", { on: "default" }, () => 1)
    .step("render", { on: "heavy" }, ({ probe }) => probe + 1)
    .sleep("pause", "1 hour")
    .step("publish", ({ render }) => render + 1);
  await using t = await testRuntime({ workflows: [film], url });
  const run = await t.enqueue(film, {});
  await t.advance("1 hour");
  expect(await t.run(run)).toBeDone({ output: 3 });
});
