import { expect, test } from "vitest";
import * as z from "zod";
import { runRepository } from "../../shared/db/run-repository.ts";
import { defineWorkflow, Ending, NonRetryableError } from "../../shared/index.ts";
import { controlRuns } from "../../shared/lambda.ts";
import type { RunView } from "../../shared/operator.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { enqueue, poll } from "../support/poller.ts";

const database = await deployFunctions("operator");
checkAfterEach(database);

const mail = defineWorkflow({ name: "mail", version: 1, input: Ending }).step("send", ({ input }) => input.run);
const log = defineWorkflow({ name: "log", version: 2, input: Ending }).step("write", ({ input }) => input.status);
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}), whenFailed: mail, whenEnded: log }).step("ship", () => {
  throw new NonRetryableError("no parcel");
});
const workflows = [order, mail, log];
const handler = controlRuns({ workflows });
const request = (method: string, id: string, action = "") =>
  call<RunView>(handler, { method, path: `/runs/${id}${action}`, parameters: { id } });
const get = async (id: string) => (await request("GET", id)).body;

test("a run's page says which runs follow its endings, and theirs which ending they follow", async () => {
  const [id] = await enqueue(database.database, order, [{}]);
  await poll(database.database, workflows);
  await runRepository(database.database).redrive(id!);
  await poll(database.database, workflows);
  const run = await get(id!);
  expect(run).toMatchObject({ status: "failed", redrives: 1, follows: null });
  expect(run.followedBy.map(({ ending, hook }) => `${ending} ${hook}`)).toEqual([
    "0 whenEnded",
    "0 whenFailed",
    "1 whenEnded",
    "1 whenFailed",
  ]);
  for (const { runId, ending, hook } of run.followedBy) {
    const follower = {
      workflow: hook === "whenFailed" ? "mail" : "log",
      status: "done",
      follows: { runId: id, ending, hook },
      followedBy: [],
    };
    expect(await get(runId!)).toMatchObject(follower);
  }
});

test("a hook's run whose run is gone still says that it is one", async () => {
  const [id] = await enqueue(database.database, order, [{}]);
  await poll(database.database, workflows);
  const [log] = (await get(id!)).followedBy;
  expect((await request("DELETE", id!)).status).toBe(200);
  expect((await get(log!.runId!)).follows).toEqual({ runId: null, ending: 0, hook: "whenEnded" });
});
