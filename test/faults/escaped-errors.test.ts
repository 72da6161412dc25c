import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { LambdaInstance as LocalInstance } from "../../infra/local/host/lambda-instance.ts";
import type { FunctionFacts } from "../../infra/local/host/template.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { deployBundles } from "../support/lambda/deploy.ts";
import type { LambdaInstance } from "../support/lambda/instance.ts";
import { reportOf, tick } from "../support/lambda/pollers.ts";
import { type Deed, deeds, unruly } from "../support/lambda/unruly.ts";
import { enqueue } from "../support/poller.ts";
import { until } from "../support/until.ts";

const bundles = await deployBundles(fileURLToPath(new URL("../support/lambda/unruly.ts", import.meta.url)));

const settings = (database: TestDatabase) => ({
  DATABASE_URL: database.url("poller"),
  BATON_DRIVER: "neon",
  BATON_NEON_ENDPOINT: database.neon.url,
  BATON_LINGER_SECONDS: "0",
});
const start = (database: TestDatabase, env: Readonly<Record<string, string>> = {}) =>
  bundles.start("poll-queue", { ...settings(database), ...env });
const enqueueDeeds = (database: TestDatabase, ...list: Deed[]) =>
  enqueue(
    database.database,
    unruly,
    list.map((deed) => ({ deed })),
  );
const good = (count: number): Deed[] => Array.from({ length: count }, () => "behaves");
const find = (database: TestDatabase, id: string) => runRepository(database.database).findRun(id);

/** The lines of an instance's log about errors, as objects. */
const errorsIn = ({ log }: LambdaInstance) =>
  log
    .split("\n")
    .filter((line) => line.includes('"level":"ERROR"'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const exits = { name: "ProcessExitError", message: "The step act called process.exit(3): throw an error instead." };
const expected: Record<Exclude<Deed, "behaves">, { name: string; message: string }> = {
  "leaves a rejection and returns": { name: "RangeError", message: "left behind" },
  "leaves a rejection and waits": { name: "RangeError", message: "left behind" },
  "throws in a timer": { name: "RangeError", message: "left behind" },
  "emits an error that nobody listens to": { name: "RangeError", message: "left behind" },
  "throws what is no error": { name: "Error", message: "left behind" },
  // The time was up first: that is its error, and what was thrown on that occasion is in the log.
  "throws where it listens to its signal": { name: "StepTimeoutError", message: expect.stringContaining("1 second") as string },
  "calls process.exit": exits,
  "calls the exit that it imported": exits,
  "calls the exit that it kept when it was loaded": exits,
  "calls process.exit in a timer": exits,
  "calls process.exit and catches what it throws": exits,
};

test.each(Object.keys(expected) as (keyof typeof expected)[])(
  "a step that %s fails with its own error, and 30 other runs of its lease end in the same invocation",
  async (deed) => {
    await using database = await createTestDatabase();
    const [id, ...others] = await enqueueDeeds(database, deed, ...good(30));
    const instance = await start(database);
    expect(reportOf(await instance.invoke(tick))).toMatchObject({ leases: 1, crashed: 0, failedRuns: 1 });
    const run = await find(database, id!);
    expect(run).toMatchObject({ status: "failed", crashes: 0, error: expected[deed] });
    expect(run!.failures.map(({ node, attempt }) => [node, attempt])).toEqual([
      ["act", 1],
      ["act", 2],
    ]);
    for (const other of others) expect(await find(database, other)).toMatchObject({ status: "done", crashes: 0, failures: [] });
    const said = errorsIn(instance).map(({ runId, node, attempt, error }) => ({ runId, node, attempt, error }));
    const error = expect.objectContaining({ message: expect.stringMatching(/left behind|process\.exit/) as string }) as unknown;
    expect(said).toEqual([1, 2].map((attempt) => ({ runId: id, node: "act", attempt, error })));
    expect(await database.query("select * from baton.lease")).toEqual([]);
    await database.assertInvariants();
    // The process is as good as before.
    await enqueueDeeds(database, ...good(2));
    expect(reportOf(await instance.invoke(tick))).toMatchObject({ leases: 1, crashed: 0, failedRuns: 0 });
  },
);

test("the stack of an error that escaped shows where it was thrown", async () => {
  await using database = await createTestDatabase();
  const [id] = await enqueueDeeds(database, "throws in a timer");
  await (await start(database)).invoke(tick);
  expect((await find(database, id!))!.error!.stack).toMatch(/RangeError: left behind\n +at .*(unruly|poll-queue)/);
});

test("an error that is no step's ends the invocation with that error: what runs may end, the rest is given back, nothing crashed", async () => {
  await using database = await createTestDatabase();
  const ids = await enqueueDeeds(database, ...good(30));
  const instance = await start(database, { BATON_CONCURRENCY: "2" });
  const invoked = instance.invoke(tick);
  await until("some are done", async () => (await database.query("select from baton.checkpoint")).length > 4);
  process.kill(instance.pid, "SIGUSR2");
  expect(await invoked).toEqual({ error: { errorType: "RangeError", errorMessage: "nobody's" } });
  expect(errorsIn(instance)).toMatchObject([{ error: { name: "RangeError", message: "nobody's" } }]);
  expect(await database.query("select token from baton.lease union all select run_id from baton.failure")).toEqual([]);
  expect((await database.query("select from baton.ending")).length).toBeLessThan(30);
  await database.assertInvariants();
  reportOf(await instance.invoke(tick));
  for (const id of ids) expect(await find(database, id)).toMatchObject({ status: "done", crashes: 0 });
});

test("on the local host, whose instances are threads, it is the same", async () => {
  await using database = await createTestDatabase();
  const deeds = ["throws in a timer", "leaves a rejection and returns", "calls process.exit"] as const;
  const ids = await enqueueDeeds(database, ...deeds, ...good(9));
  const facts = { name: "poll-queue", module: "poll-queue", handler: "handler", timeoutMs: 300_000, memoryMb: 512 } as FunctionFacts;
  const env = { ...settings(database), BATON_STAGE: "test", AWS_LAMBDA_FUNCTION_NAME: "poll-queue" };
  let log = "";
  const crashes: unknown[] = [];
  const options = { env, log: (text: string) => void (log += text), onCrash: (crash: unknown) => void crashes.push(crash) };
  const instance = new LocalInstance(facts, join(bundles.taskRoot, "poll-queue.mjs"), options);
  try {
    expect(reportOf(await instance.invoke(JSON.stringify(tick)))).toMatchObject({ leases: 1, crashed: 0, failedRuns: 3 });
  } finally {
    await instance.end();
  }
  for (const [n, deed] of deeds.entries()) expect(await find(database, ids[n]!)).toMatchObject({ status: "failed", error: expected[deed] });
  for (const id of ids.slice(3)) expect(await find(database, id)).toMatchObject({ status: "done", crashes: 0 });
  expect(log.match(/an error escaped a handler/g)).toHaveLength(6);
  expect(crashes).toEqual([]);
});

test("every way to let an error escape has its expectation", () => {
  expect(Object.keys(expected)).toEqual(Object.keys(deeds).slice(1));
});
