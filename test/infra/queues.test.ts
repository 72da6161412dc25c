import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Refusal } from "../../infra/local/host/access.ts";
import { startHost } from "../../infra/local/host.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { loadRegistry } from "../../shared/lambda/poller-app.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";
import { createTestDatabase } from "../support/database.ts";
import { apiKey, apiKeyHash } from "../support/http-event.ts";
import { addHeavyPoller } from "../support/queue-template.ts";
import { templateOf } from "../support/template.ts";
import { ticketKeysText } from "../support/tickets.ts";
import { until } from "../support/until.ts";

const workflows = fileURLToPath(new URL("../support/lambda/queue-workflows.ts", import.meta.url));
const template = await templateOf("prod", undefined, workflows, addHeavyPoller);
const read = readTemplate(template.templateFile);
const { functions, schedules } = read;
const [home, heavy] = ["PollQueueLambdaFunction", "PollHeavyLambdaFunction"].map((id) =>
  functions.find(({ logicalId }) => logicalId === id)!,
);
const env = { ...heavy!.environment, DATABASE_URL: "postgresql://user@host/db" };

test("the lines of docs/queues.md make a second function of the same handler, with memory and a timeout of its own", () => {
  expect(heavy).toMatchObject({
    name: "baton-prod-pollHeavy",
    module: home!.module,
    memoryMb: 3_008,
    timeoutMs: 900_000,
    reservedConcurrency: undefined,
    maximumEventAgeMs: 60_000,
  });
  expect([home!.memoryMb, home!.timeoutMs, home!.reservedConcurrency]).toEqual([1_024, 300_000, 5]);
});

test("its settings name its queue, its own hint and its own wake schedule, and it keeps its own timeout", () => {
  expect(pollerConfig(env)).toMatchObject({
    queue: "heavy",
    queues: { default: "baton-prod-pollQueue", heavy: "baton-prod-pollHeavy" },
    timeoutSeconds: 900,
    gate: { parameter: "/baton/prod/next-wake-heavy", schedule: { group: "baton-prod", name: "next-wake-heavy" } },
  });
  expect(pollerConfig({ ...home!.environment, DATABASE_URL: env.DATABASE_URL })).toMatchObject({
    queue: "default",
    gate: { parameter: "/baton/prod/next-wake", schedule: { name: "next-wake" } },
  });
  expect(loadRegistry({ workflows: [] }, env).all()).toEqual([]);
});

test("a schedule of its own wakes it once a minute", () => {
  const own = schedules.filter(({ functionId }) => functionId === "PollHeavyLambdaFunction");
  expect(own).toMatchObject([{ name: "PollHeavySchedule", group: "baton-prod", everyMs: 60_000 }]);
});

/** The service on the local host, which refuses what the template's roles do not allow. */
async function served() {
  const database = await createTestDatabase();
  const refusals: Refusal[] = [];
  const keys = JSON.stringify([{ name: "test", role: "operator", digest: apiKeyHash }]);
  const roles = { "enqueue-run": "producer", "control-runs": "operator", "answer-waits": "signaller", maintain: "maintainer" } as const;
  const urlOf = (module: string) => database.url(roles[basename(module) as keyof typeof roles] ?? "poller");
  const host = await startHost({
    template: read,
    codeRoot: template.folder,
    environmentOf: () => ({ BATON_NEON_ENDPOINT: database.neon.url }),
    parameters: new Map(
      functions.flatMap(({ module, environment }) => [
        [environment["DATABASE_URL_PARAMETER"]!, urlOf(module)],
        [environment["BATON_API_KEYS_PARAMETER"] ?? "", keys],
        [environment["BATON_TICKET_KEYS_PARAMETER"] ?? "", ticketKeysText],
      ]),
    ),
    log: () => undefined,
    onRefusal: (refusal) => void refusals.push(refusal),
  });
  const server = createServer(host.listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await host.close();
    await database[Symbol.asyncDispose]();
  };
  const enqueue = async (workflow: string) => {
    const answer = await fetch(`${address}/workflows/${workflow}/runs`, { method: "POST", headers, body: '{"input":{"n":1}}' });
    return ((await answer.json()) as { id: string }).id;
  };
  const outputs = async (id: string) => {
    const rows = await database.query<{ node: string; output: unknown }>(
      "select node, output from baton.checkpoint where run_id = $1 order by position",
      [id],
    );
    return rows.map(({ node, output }) => [node, output]);
  };
  return { host, refusals, enqueue, outputs, [Symbol.asyncDispose]: close };
}

test("without a schedule, runs are handed to and fro between the two functions, which may do all that they ask for", async () => {
  await using service = await served();
  const film = await service.enqueue("film");
  await until("the film is published", async () => (await service.outputs(film)).length === 3);
  expect(await service.outputs(film)).toEqual([
    ["probe", "baton-prod-pollQueue"],
    ["render", "baton-prod-pollHeavy"],
    ["publish", "baton-prod-pollQueue"],
  ]);
  const renders = await service.enqueue("renders");
  await until("it cools off", async () => (await service.outputs(renders)).length === 2);
  expect((await service.outputs(renders))[0]).toEqual(["render", "baton-prod-pollHeavy"]);
  // What is due later: each queue has a hint and a wake of its own.
  await service.host.invoke("PollHeavyLambdaFunction", "{}");
  await service.host.invoke("PollQueueLambdaFunction", "{}");
  await service.host.invoke("MaintainLambdaFunction", "{}");
  const hints = [...service.host.parameters.keys()].filter((name) => name.includes("next-wake"));
  expect(hints.toSorted()).toEqual(["/baton/prod/next-wake", "/baton/prod/next-wake-heavy"]);
  expect([...service.host.oneTimeSchedules.keys()]).toEqual(["baton-prod/next-wake-heavy"]);
  expect(service.refusals).toEqual([]);
});

describe("a service that adds none", () => {
  test("has none of it in its template", async () => {
    const plain = await templateOf("prod");
    expect(JSON.stringify(plain.document)).not.toMatch(/heavy|BATON_QUEUE/i);
  });
});
