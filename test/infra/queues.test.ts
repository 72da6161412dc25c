import { describe, expect, test } from "vitest";
import { readTemplate } from "../../infra/local/host/template.ts";
import { loadRegistry } from "../../shared/lambda/poller-app.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";
import { addHeavyPoller } from "../support/queue-template.ts";
import { templateOf } from "../support/template.ts";

const template = await templateOf("prod", undefined, undefined, addHeavyPoller);
const { functions, schedules } = readTemplate(template.templateFile);
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

describe("a service that adds none", () => {
  test("has none of it in its template", async () => {
    const plain = await templateOf("prod");
    expect(JSON.stringify(plain.document)).not.toMatch(/heavy|BATON_QUEUE/i);
  });
});
