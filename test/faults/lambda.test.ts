import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect, test } from "vitest";
import { buildFunctions, ROOT } from "../../infra/build.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, placesOf } from "../support/engine-calls.ts";
import { type InstanceOptions, LambdaInstance } from "../support/lambda/instance.ts";
import { enqueue } from "../support/poller.ts";
import { until } from "../support/until.ts";

mkdirSync(join(ROOT, ".baton"), { recursive: true });
const folder = mkdtempSync(join(ROOT, ".baton/test-lambda-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundles = join(folder, "dist");
await buildFunctions({ driver: "neon", outdir: bundles, workflows: fileURLToPath(new URL("lambda/workflows.ts", import.meta.url)) });
const database = await createTestDatabase();
checkAfterEach(database);

let ledger: string;
let gate: string;
let round = 0;
beforeEach(() => {
  ledger = join(folder, `ledger-${++round}`);
  gate = join(folder, `gate-${round}`);
  writeFileSync(ledger, "");
});

function start(options: Partial<InstanceOptions> = {}): Promise<LambdaInstance> {
  const env = {
    DATABASE_URL: database.url("poller"),
    BATON_NEON_ENDPOINT: database.neon.url,
    BATON_LINGER_SECONDS: "0",
    LAMBDA_TEST_LEDGER: ledger,
    LAMBDA_TEST_GATE: gate,
    ...options.env,
  };
  return LambdaInstance.start({ folder: bundles, bundle: "poll-queue", ...options, env });
}

const lines = (pattern: RegExp) =>
  readFileSync(ledger, "utf8")
    .split("\n")
    .filter((line) => pattern.test(line));
const openGate = () => writeFileSync(gate, "");
const put = (name: string, count = 1) =>
  enqueue(
    database.database,
    { name, version: 1 },
    Array.from({ length: count }, (_, n) => ({ n })),
  );
const engine = engineOf(database);
const statusOf = async (id: string) => (await engine.findRun(id))!.status;
const outputsOf = (id: string) => engine.state(id) as Promise<Record<string, never>>;
const leases = async () => (await database.query("select from baton.lease")).length;
/** The step has begun: its run is in a lease, its first checkpoint stored. */
const begun = (count = 1) => until("the steps have begun", () => lines(/^begin/).length >= count);

/** A run whose middle step is under way in an instance. */
async function midStep(instance: LambdaInstance): Promise<{ id: string; invocation: ReturnType<LambdaInstance["invoke"]> }> {
  const [id] = (await put("held")) as [string];
  const invocation = instance.invoke();
  await begun();
  return { id, invocation };
}

test("a cold start works, and the next invocation finds the process warm", async () => {
  await using instance = await start();
  const [first] = await put("quick");
  expect(await instance.invoke()).toMatchObject({ answer: { steps: 1, idle: true } });
  const [second] = await put("quick");
  expect(await instance.invoke({ nudged: true })).toMatchObject({ answer: { steps: 1 } });
  expect(await Promise.all([outputsOf(first!), outputsOf(second!)])).toMatchObject([
    { count: { inThisProcess: 1 } },
    { count: { inThisProcess: 2 } },
  ]);
});

test("a poller killed in the middle of a step loses nothing: another one stores the step once, and the run ends", async () => {
  await using victim = await start();
  const { id, invocation } = await midStep(victim);
  await victim.kill();
  expect(await invocation).toMatchObject({ error: { errorType: "Runtime.ExitError" } });
  await database.advance("31 seconds");
  openGate();
  await using heir = await start();
  expect(await heir.invoke()).toMatchObject({ answer: { crashed: 1 } });
  expect(await statusOf(id)).toBe("done");
  expect(await outputsOf(id)).toMatchObject({ middle: { by: heir.pid }, last: heir.pid });
});

test("a poller that is frozen in a step and thaws after its lease writes nothing", async () => {
  await using zombie = await start();
  const { id, invocation } = await midStep(zombie);
  await zombie.freeze();
  await database.advance("31 seconds");
  openGate();
  await using heir = await start();
  await heir.invoke();
  expect(await statusOf(id)).toBe("done");
  zombie.thaw();
  // It ends its step, is told that the lease is another's, and ends in good order.
  expect(await invocation).toMatchObject({ answer: { leases: 1 } });
  expect(lines(/^end/)).toHaveLength(2);
  expect(await outputsOf(id)).toMatchObject({ middle: { by: heir.pid }, last: heir.pid });
  expect(await leases()).toBe(0);
});

test("a poller that was frozen between two invocations works on when it thaws, whatever became of its connections", async () => {
  await using instance = await start();
  await put("quick");
  await instance.invoke();
  await instance.freeze();
  await put("quick", 3);
  database.neon.closeIdleConnections();
  instance.thaw();
  expect(await instance.invoke()).toMatchObject({ answer: { steps: 3 } });
});

test("a poller that runs into its timeout is killed, and its run goes on elsewhere", async () => {
  await using hung = await start({ timeoutMs: 3_000 });
  // It is told more time than it has, as a process is whose clock stood still.
  const [id] = (await put("held")) as [string];
  expect(await hung.invoke({}, 60_000)).toEqual({
    error: { errorType: "Sandbox.Timedout", errorMessage: "Task timed out after 3.00 seconds" },
  });
  await until("the process is gone", () => !hung.alive);
  await database.advance("31 seconds");
  openGate();
  await using heir = await start();
  await heir.invoke();
  expect(await statusOf(id)).toBe("done");
});

test("a poller near its deadline starts no step that may not end in time, gives back what it has, and leaves no lease", async () => {
  await using instance = await start({ env: { BATON_CONCURRENCY: "1" } });
  await put("slow", 30);
  // A step may take 5 s and 5 s are kept to store it: with 11 s, steps start for one second.
  expect(await instance.invoke({}, 11_000)).toMatchObject({ answer: { idle: false } });
  const started = lines(/^slow/).length;
  expect(started).toBeGreaterThan(0);
  expect(started).toBeLessThan(30);
  const rows = await database.query<{ done: number; ready: number }>(
    "select (select count(*) from baton.ending)::int as done, (select count(*) from baton.ready)::int as ready",
  );
  expect(rows).toEqual([{ done: started, ready: 30 - started }]);
  expect(await leases()).toBe(0);
});

test("with too little time for any step it does not even claim", async () => {
  await using instance = await start();
  const [id] = (await put("slow")) as [string];
  expect(await instance.invoke({}, 4_000)).toMatchObject({ answer: { leases: 0, idle: false } });
  expect(await placesOf(database, id)).toEqual(["ready"]);
});

test("nudges and ticks in several processes at once do every run once; late ones do nothing; a lost one is made up by the tick", async () => {
  await using a = await start();
  await using b = await start();
  await using c = await start();
  await put("quick", 400);
  await Promise.all([a.invoke({ nudged: true }), b.invoke({}), c.invoke({ nudged: true })]);
  expect(lines(/^quick/)).toHaveLength(400);
  expect(await a.invoke({ nudged: true })).toMatchObject({ answer: { steps: 0 } });
  await put("quick");
  expect(await b.invoke({})).toMatchObject({ answer: { steps: 1 } });
});

test.each([
  ["poll-queue", { DATABASE_URL: "" }, "DATABASE_URL: "],
  ["poll-queue", { BATON_BATCH: "many" }, "BATON_BATCH: it takes a whole number"],
])("%s with %j says which variable is wrong", async (bundle, env, message) => {
  await using instance = await start({ bundle, env });
  const outcome = await instance.invoke();
  expect(outcome).toMatchObject({ error: { errorType: "ConfigurationError", errorMessage: expect.stringContaining(message) } });
});

test("a bundle that is not there is an error of the start", async () => {
  await using instance = await start({ bundle: "nothing" });
  expect(await instance.invoke()).toMatchObject({ error: { errorType: expect.stringMatching(/^Runtime\.(Init|Exit)Error$/) } });
  expect(existsSync(join(bundles, "nothing.mjs"))).toBe(false);
});
