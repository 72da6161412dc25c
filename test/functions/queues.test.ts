import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { readHint } from "../../shared/domain/wake-hint.ts";
import { QueueNudges } from "../../shared/engine/poll/queue-nudges.ts";
import { readConfig } from "../../shared/lambda/config.ts";
import { pollerConfig } from "../../shared/lambda/poller-config.ts";
import { createNudges } from "../../shared/lambda/queues.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const requests: { url: string | undefined; body: string }[] = [];
let lambdaIsAway = false;
const aws = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    requests.push({ url: request.url, body: Buffer.concat(chunks as Buffer[]).toString() });
    const isInvoke = request.url!.includes("/functions/");
    response.writeHead(isInvoke && lambdaIsAway ? 400 : isInvoke ? 202 : 200, { "content-type": "application/x-amz-json-1.1" }).end("{}");
  });
}).listen(0, "127.0.0.1");
await once(aws, "listening");
const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
const settings = { AWS_ENDPOINT_URL: endpoint, AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
afterAll(() => void aws.close());
beforeEach(() => {
  requests.length = 0;
  lambdaIsAway = false;
});

const env = { DATABASE_URL: "postgresql://user@host/db" };
const functions = { default: "poll-queue", heavy: "poll-heavy" };
const nudge = createNudges({ functions, wakeParameter: "/baton/dev/next-wake" }, silent);
const invoked = () => requests.filter(({ url }) => url!.includes("/functions/")).map(({ url }) => url!.split("/")[3]);

test("a nudge goes to the function of the queue, so often as pollers are to be woken, and for one that nobody knows to none", async () => {
  await nudge(1);
  await nudge(2, "heavy");
  await nudge(1, "gpu");
  expect(invoked()).toEqual(["poll-queue", "poll-heavy", "poll-heavy"]);
});

test("where the function cannot be invoked, the gate of its queue is opened and no other", async () => {
  lambdaIsAway = true;
  await nudge(1, "heavy");
  const [{ Name, Value }] = requests.filter(({ url }) => url === "/").map(({ body }) => JSON.parse(body) as Record<string, string>) as [
    Record<string, string>,
  ];
  expect(Name).toBe("/baton/dev/next-wake-heavy");
  expect(readHint(Value!)!.wakeAt).not.toBeNull();
});

test("one call a queue is out at a time, and one more follows for all that was told meanwhile", async () => {
  const calls: string[] = [];
  const answers: (() => void)[] = [];
  const nudges = new QueueNudges((queue) => {
    calls.push(queue);
    return new Promise((resolve) => answers.push(resolve));
  });
  for (const queue of ["heavy", "heavy", "gpu", "heavy"]) nudges.tell(queue);
  expect(calls).toEqual(["heavy", "gpu"]);
  answers.shift()!();
  await vi.waitFor(() => expect(calls).toEqual(["heavy", "gpu", "heavy"]));
  for (const answer of answers) answer();
  await nudges.settled();
  nudges.tell("heavy");
  expect(calls).toEqual(["heavy", "gpu", "heavy", "heavy"]);
});

test("the functions of queues are a list in one variable", () => {
  const BATON_QUEUES = "default=poll-queue, heavy=poll-heavy";
  expect(readConfig({ ...env, BATON_QUEUES }).queues).toEqual(functions);
  expect(pollerConfig({ ...env, BATON_QUEUES, BATON_QUEUE: "heavy" })).toMatchObject({ queues: functions, queue: "heavy" });
  expect(pollerConfig(env)).toMatchObject({ queues: {}, queue: "default" });
  expect(() => readConfig({ ...env, BATON_QUEUES: "heavy" })).toThrow("BATON_QUEUES: give it each queue with the function of its pollers");
  expect(() => pollerConfig({ ...env, BATON_QUEUE: "Heavy One" })).toThrow("BATON_QUEUE: a name is a lower-case letter");
});
