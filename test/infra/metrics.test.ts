import { basename } from "node:path";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Host, startHost } from "../../infra/local/host.ts";
import { readTemplate } from "../../infra/local/host/template.ts";
import { createTestDatabase } from "../support/database.ts";
import { apiKey, apiKeyHash } from "../support/http-event.ts";
import { templateOf, watchedBy } from "../support/template.ts";
import { until } from "../support/until.ts";

/** One line of CloudWatch's embedded metric format. */
interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  };
  readonly [fact: string]: unknown;
}

const database = await createTestDatabase();
const roles: Record<string, "producer" | "operator" | "signaller" | "poller" | "maintainer"> = {
  "enqueue-run": "producer",
  "control-runs": "operator",
  "answer-waits": "signaller",
  "poll-queue": "poller",
  maintain: "maintainer",
};
let host: Host;
let address: string;
let printed = "";
const close: (() => Promise<unknown>)[] = [];

const template = await templateOf("dev");
const facts = readTemplate(template.templateFile);

beforeAll(async () => {
  const urlOf = (module: string) => database.url(roles[basename(module)]!);
  host = await startHost({
    template: facts,
    codeRoot: template.folder,
    environmentOf: () => ({ BATON_NEON_ENDPOINT: database.neon.url, BATON_API_KEY_HASHES: apiKeyHash }),
    parameters: new Map(facts.functions.map(({ module, environment }) => [environment["DATABASE_URL_PARAMETER"]!, urlOf(module)])),
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
  await database.query("insert into baton.ready values (gen_random_uuid(), 2, '-infinity', 10, false)");
  await database.query("insert into baton.unclaimed (workflow, name, key, body, at) values ('order', 'paid', 'o-1', '1', baton.now())");
  const [looked] = await during(poll);
  expect(looked).toMatchObject({
    PoisonRuns: 1,
    service: "baton-poller",
    stage: "dev",
    Polls: 1,
    RestedPolls: 0,
    OldestReadyAge: 0,
    OldestUnclaimedAge: expect.any(Number),
    FailedRuns: 0,
    LeaseExpiries: 0,
  });
  const [rested] = await during(poll);
  expect(rested).toMatchObject({ Polls: 1, RestedPolls: 1 });
  expect(rested).not.toHaveProperty("OldestReadyAge");
});

const maintain = () => host.invoke("MaintainLambdaFunction", "{}");

test("each maintenance of the built function prints one line, with the weeks that lie ahead", async () => {
  const [line] = await during(maintain);
  expect(line).toMatchObject({ service: "baton-maintenance", stage: "dev", Maintenances: 1, PartitionsAhead: 3 });
});

test("each refused request prints one line, and one that is served none", async () => {
  const call = (path: string, headers = {}) => fetch(address + path, { headers });
  const [refused] = await during(() => call("/runs"));
  expect(refused).toMatchObject({ service: "baton-api", stage: "dev", RejectedRequests: 1, ServerErrors: 0 });
  expect((await call("/runs", { authorization: `Bearer ${apiKey}` })).status).toBe(200);
  const [next] = await during(() => call("/runs/none"));
  expect(next).toMatchObject({ RejectedRequests: 1 });
});

test("every alarm on a metric of Baton's watches what the built functions print", async () => {
  await during(poll);
  await during(maintain);
  await during(() => fetch(`${address}/runs`));
  const printedMetrics = lines().flatMap(({ _aws, ...facts }) =>
    _aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
      Metrics.map(({ Name: metric }) => ({
        namespace,
        metric,
        dimensions: Object.fromEntries(Dimensions[0]!.map((name) => [name, facts[name]])),
      })),
    ),
  );
  const watched = watchedBy(template).filter(({ namespace }) => namespace === "baton");
  expect(watched).toHaveLength(8);
  for (const { alarm: _, ...metric } of watched) expect(printedMetrics).toContainEqual(metric);
});
