import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, expect, test } from "vitest";
import { awsApi, type AwsCall } from "../../infra/local/host/aws-api.ts";
import { AwsRefusal } from "../../infra/local/host/aws-refusal.ts";
import { SchedulerApi } from "../../infra/local/host/scheduler-api.ts";
import { ssmApi } from "../../infra/local/host/ssm-api.ts";
import { wakeBoard } from "../../shared/lambda/wake-board.ts";

const parameters = new Map<string, string>();
const scheduler = new SchedulerApi({ groups: ["baton-test"], mayAssume: () => true, fire: () => undefined });
const calls: string[] = [];
const refused = { reads: "" };
const server = createServer(
  awsApi((call: AwsCall) => {
    calls.push(call.operation);
    if (call.operation.startsWith("scheduler:")) return scheduler.answer(call);
    if (refused.reads !== "" && call.operation === "ssm:GetParameter") throw new AwsRefusal(refused.reads);
    return ssmApi(parameters)(call);
  }),
).listen(0, "127.0.0.1");
await once(server, "listening");
Object.assign(process.env, {
  AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
});
afterAll(() => {
  scheduler.close();
  server.close();
});
beforeEach(() => {
  calls.length = 0;
  refused.reads = "";
});

const parameter = "/baton/test/next-wake";
const wake = {
  group: "baton-test",
  name: "next-wake",
  roleArn: "arn:aws:iam::000000000000:role/r",
  targetArn: "arn:aws:lambda:x:000000000000:function:poller",
};

test("a board on which nothing was ever written reads as null", async () => {
  expect(await wakeBoard({ parameter }).read()).toBeNull();
});

test("what was written is read by another process, and written over", async () => {
  await wakeBoard({ parameter }).write("first");
  await wakeBoard({ parameter }).write("second");
  expect(await wakeBoard({ parameter }).read()).toBe("second");
});

test("a board that may not be read throws, which is not the same as empty", async () => {
  refused.reads = "AccessDeniedException";
  await expect(wakeBoard({ parameter }).read()).rejects.toMatchObject({ name: "AccessDeniedException" });
});

test("the next wake is a one-time schedule of the poller, made once and then moved", async () => {
  const board = wakeBoard({ parameter, wake });
  const at = (Math.floor(Date.now() / 60_000) + 60) * 60_000;
  await board.wakeAt!(at);
  await board.wakeAt!(at + 60_000);
  expect(calls).toEqual(["scheduler:UpdateSchedule", "scheduler:CreateSchedule", "scheduler:UpdateSchedule"]);
  const { roleArn, targetArn } = wake;
  expect([...scheduler.schedules]).toEqual([["baton-test/next-wake", { at: at + 60_000, roleArn, targetArn }]]);
});

test("a board without a schedule of its own wakes nobody", () => {
  expect(wakeBoard({ parameter })).not.toHaveProperty("wakeAt");
});
