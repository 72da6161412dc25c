import { expect, test } from "vitest";
import * as z from "zod";
import { defineWorkflow, NonRetryableError } from "../../shared/index.ts";
import { controlRuns } from "../../shared/lambda.ts";
import type { RunView } from "../../shared/operator.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions, type AnswerBody } from "../support/http-functions.ts";
import { enqueue, poll } from "../support/poller.ts";

const database = await deployFunctions("operator");
checkAfterEach(database);

const undone: unknown[] = [];
const order = defineWorkflow({ name: "order", version: 1, input: z.object({}) })
  .step("reserve", { undo: (output) => void undone.push(output) }, () => "r-1")
  .sleep("pause", "1 day")
  .step("ship", () => 1);
const broken = defineWorkflow({ name: "broken", version: 1, input: z.object({}) })
  .step("reserve", { undo: (output) => void undone.push(output) }, () => "r-2")
  .step("ship", () => {
    throw new NonRetryableError("no parcel");
  });
const handler = controlRuns({ workflows: [order, broken] });
const post = (id: string, action: string, query = "") =>
  call(handler, { method: "POST", path: `/runs/${id}/${action}`, query, parameters: { id } });
const get = async (id: string) => (await call<RunView>(handler, { path: `/runs/${id}`, parameters: { id } })).body;

/** A run that has reserved, and sleeps. */
async function asleep(): Promise<string> {
  undone.length = 0;
  const [id] = await enqueue(database.database, order, [{}]);
  await poll(database.database, [order]);
  return id!;
}

const refused = ({ status, body }: { readonly status: number; readonly body: AnswerBody }) => [status, body.type, body.detail];

test("a cancel with ?undo=true is cancelling until what the run has done is undone, and no other cancel cuts it short", async () => {
  const id = await asleep();
  expect(await post(id, "cancel", "undo=true")).toMatchObject({ status: 202, body: { id, status: "cancelling" } });
  for (const query of ["", "undo=true"])
    expect(refused(await post(id, "cancel", query))).toEqual([
      409,
      "urn:baton:problem:undo-begun",
      expect.stringContaining("it is being undone, which goes on to its end"),
    ]);
  expect(await get(id)).toMatchObject({ status: "ready", undo: { status: "running", because: "cancelled" } });
  await poll(database.database, [order]);
  expect(undone).toEqual(["r-1"]);
  expect(await get(id)).toMatchObject({ status: "cancelled", undo: { status: "complete", steps: [{ path: "reserve", status: "done" }] } });
  expect(await post(id, "cancel", "undo=true")).toMatchObject({ status: 202, body: { id, status: "cancelled" } });
});

test("a cancel with ?undo=false undoes nothing, and any other word is refused", async () => {
  const id = await asleep();
  expect(await post(id, "cancel", "undo=yes")).toMatchObject({
    status: 400,
    body: { errors: [{ parameter: "undo", message: "write true or false" }] },
  });
  expect(await post(id, "cancel", "undo=false")).toMatchObject({ status: 202, body: { id, status: "cancelled" } });
  expect([(await get(id)).undo, undone]).toEqual([null, []]);
});

test("a redrive of a run that was undone is 409, and says what to do instead", async () => {
  const [id] = await enqueue(database.database, broken, [{}]);
  await poll(database.database, [broken]);
  expect(await get(id!)).toMatchObject({ status: "failed", undo: { status: "complete", because: "failed" } });
  expect(refused(await post(id!, "redrive"))).toEqual([
    409,
    "urn:baton:problem:undo-begun",
    expect.stringContaining("what it had done was undone, or partly: enqueue a run anew in its place"),
  ]);
});
