import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { type Host, startHost } from "../../infra/local/host.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { synthesise } from "../../infra/local/start/synthesise.ts";
import { createTestDatabase } from "../support/database.ts";
import { apiKey, apiKeyHash } from "../support/http-event.ts";
import { until } from "../support/until.ts";

/** One line of CloudWatch's embedded metric format. */
interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  };
  readonly [fact: string]: unknown;
}

const database = await createTestDatabase();
const roles: Record<string, "producer" | "operator" | "poller"> = {
  "enqueue-run": "producer",
  "control-runs": "operator",
  "poll-queue": "poller",
};
let folder: string;
let host: Host;
let address: string;
let printed = "";
const close: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  mkdirSync(join(ROOT, ".baton"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".baton/test-metrics-"));
  const made = await synthesise(folder, { driver: "neon" });
  const template = readTemplate(made.templateFile);
  const urlOf = (module: string) => database.url(roles[basename(module)]!);
  host = await startHost({
    template,
    codeRoot: made.folder,
    environmentOf: () => ({ BATON_NEON_ENDPOINT: database.neon.url, BATON_API_KEY_HASHES: apiKeyHash }),
    parameters: new Map(template.functions.map(({ module, environment }) => [environment["DATABASE_URL_PARAMETER"]!, urlOf(module)])),
    log: (text) => (printed += text),
  });
  const server = createServer(host.listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close.push(
    async () => server.close(),
    () => host.close(),
  );
});
afterAll(async () => {
  for (const each of close) await each();
  rmSync(folder, { recursive: true, force: true });
});

const lines = () =>
  printed
    .split("\n")
    .filter((line) => line.startsWith('{"_aws"'))
    .map((line) => JSON.parse(line) as MetricLine);

/** What a caller did, and the lines that were printed meanwhile. */
async function during(act: () => Promise<unknown>, count = 1): Promise<MetricLine[]> {
  const before = lines().length;
  await act();
  await until("the metrics were printed", () => lines().length >= before + count);
  return lines().slice(before);
}

const poll = () => host.invoke("PollQueueLambdaFunction", "{}");

test("each poll of the built poller prints one line, whether it looked at the database or rested", async () => {
  const [looked] = await during(poll);
  expect(looked).toMatchObject({
    service: "baton-poller",
    stage: "dev",
    Polls: 1,
    RestedPolls: 0,
    OldestReadyAge: 0,
    FailedRuns: 0,
    LeaseExpiries: 0,
  });
  const [rested] = await during(poll);
  expect(rested).toMatchObject({ Polls: 1, RestedPolls: 1 });
  expect(rested).not.toHaveProperty("OldestReadyAge");
});

test("each refused request prints one line, and one that is served none", async () => {
  const call = (path: string, headers = {}) => fetch(address + path, { headers });
  const [refused] = await during(() => call("/runs"));
  expect(refused).toMatchObject({ service: "baton-api", stage: "dev", RejectedRequests: 1, ServerErrors: 0 });
  expect((await call("/runs", { authorization: `Bearer ${apiKey}` })).status).toBe(200);
  const [next] = await during(() => call("/runs/none"));
  expect(next).toMatchObject({ RejectedRequests: 1 });
});
