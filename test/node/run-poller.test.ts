import { once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { expect, test } from "vitest";
import * as z from "zod";
import { type Client, createClient } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { runPoller } from "../../shared/node.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startScript } from "../support/processes.ts";
import { until } from "../support/until.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const Name = z.object({ name: z.string() });
const greet = defineWorkflow({ name: "greet", version: 1, input: Name })
  .step("compose", ({ input }) => `Hello ${input.name}`)
  .sleep("pause", "1 second")
  .step("send", ({ compose }) => compose.toUpperCase());
const held = { name: "held", version: 1 };

/** What a process has said so far. */
function linesOf({ stdout }: ChildProcess): string[] {
  const lines: string[] = [];
  stdout!.setEncoding("utf8").on("data", (text: string) => lines.push(...text.split("\n").filter(Boolean)));
  return lines;
}

const startHost = (database: TestDatabase, ...args: string[]) =>
  startScript(new URL("host-process.ts", import.meta.url), database.url("poller"), ...args);

/** Starts a host, whose step runs; gives it once it does. */
async function hostAtWork(database: TestDatabase, ...args: string[]): Promise<ChildProcess> {
  const host = startHost(database, ...args);
  const lines = linesOf(host);
  await until("the step runs", () => lines.includes("began 1"));
  return host;
}

/** Another host takes the run up, does it, and ends in good order. */
async function finishElsewhere(database: TestDatabase, client: Client, id: string): Promise<void> {
  const next = await hostAtWork(database);
  next.kill("SIGUSR2");
  expect(await client.wait(id, { timeout: "4 minutes" })).toMatchObject({ status: "done", output: "after" });
  next.kill("SIGTERM");
  expect(await once(next, "exit")).toEqual([0, null]);
}

const leases = async (database: TestDatabase) => Number((await database.query("select count(*) as n from baton.lease"))[0]!["n"]);

test.each(["neon", "pg"] as const)(
  "a run goes to its end, sleep and all, where a client in the process nudges the poller, through %s",
  async (driver) => {
    await using database = await createTestDatabase();
    const where = { url: database.url("owner"), driver, neonEndpoint: driver === "neon" ? database.neon.url : undefined };
    const poller = runPoller({ workflows: [greet], ...where, pollEvery: "1 hour", signals: false, maintenance: false, logger: silent });
    await using client = createClient({ ...where, nudge: poller.nudge });
    const { id } = await client.enqueue(greet, { name: "Ada" });
    expect(await client.wait(id, { timeout: "4 minutes" })).toMatchObject({ status: "done", output: "HELLO ADA" });
    await poller.close();
    expect(await leases(database)).toBe(0);
    await database.assertInvariants();
  },
);

test("what others enqueue without a nudge is found by the next look", async () => {
  await using database = await createTestDatabase();
  const where = { url: database.url("owner"), driver: "pg" } as const;
  const poller = runPoller({
    workflows: [greet],
    ...where,
    pollEvery: "50 milliseconds",
    signals: false,
    maintenance: false,
    logger: silent,
  });
  await using client = createClient(where);
  const { id } = await client.enqueue(greet, { name: "Ada" });
  expect((await client.wait(id, { timeout: "4 minutes" })).status).toBe("done");
  await poller.close();
});

test("at SIGTERM it takes no new run, stores the step that runs, gives the run back, and ends with code 0", async () => {
  await using database = await createTestDatabase();
  await using client = createClient({ url: database.url("owner"), driver: "pg" });
  const { id } = await client.enqueue(held, {});
  const host = await hostAtWork(database);
  host.kill("SIGTERM");
  const later = await client.enqueue(held, {});
  host.kill("SIGUSR2");
  expect(await once(host, "exit")).toEqual([0, null]);
  const [one, other] = [await client.get(id), await client.get(later.id)];
  expect(one!.steps.map(({ name, status }) => [name, status])).toContainEqual(["hold", "done"]);
  expect(other).toMatchObject({ status: "ready" });
  expect(await leases(database)).toBe(0);
  expect(await database.query("select from baton.failure")).toEqual([]);
  await database.assertInvariants();
});

test("a step that runs longer than the grace is given back, without an attempt, and another poller does it", async () => {
  await using database = await createTestDatabase();
  await using client = createClient({ url: database.url("owner"), driver: "pg" });
  const { id } = await client.enqueue(held, {});
  const host = await hostAtWork(database, "0 seconds");
  host.kill("SIGTERM");
  expect(await once(host, "exit")).toEqual([0, null]);
  expect(await leases(database)).toBe(0);
  await finishElsewhere(database, client, id);
  await database.assertInvariants();
});

test("after kill -9 another poller goes on once the lease is over, and counts a crash", async () => {
  await using database = await createTestDatabase();
  await using client = createClient({ url: database.url("owner"), driver: "pg" });
  const { id } = await client.enqueue(held, {});
  const host = await hostAtWork(database);
  host.kill("SIGKILL");
  await once(host, "exit");
  await database.advance("31 seconds");
  await finishElsewhere(database, client, id);
  expect((await client.get(id))!.crashes).toBe(1);
});

test("without a database it says at once which option is missing", () => {
  expect(() => runPoller({ workflows: [greet], url: "", signals: false })).toThrow(/DATABASE_URL is not set/);
});

test("a poller in a process serves all queues that its workflows name, or those that it is told", async () => {
  await using database = await createTestDatabase();
  const film = defineWorkflow({ name: "film", version: 1, input: Name })
    .step("probe", () => "probed")
    .step("render", { on: "heavy" }, ({ probe }) => `${probe}, rendered`)
    .step("publish", ({ render }) => `${render}, published`);
  const options = {
    workflows: [film],
    url: database.url("owner"),
    pollEvery: "1 hour",
    signals: false,
    maintenance: false,
    logger: silent,
  } as const;
  const home = runPoller({ ...options, queues: ["default"] });
  await using client = createClient({ url: database.url("owner"), nudge: home.nudge });
  const { id } = await client.enqueue(film, { name: "Ada" });
  await until("it is parked for the other queue", async () => (await client.get(id))?.queue === "heavy");
  await home.close();
  const all = runPoller(options);
  expect(await client.wait(id, { timeout: "4 minutes" })).toMatchObject({ status: "done", output: "probed, rendered, published" });
  await all.close();
  await database.assertInvariants();
});
