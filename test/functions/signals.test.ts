import { expect, test } from "vitest";
import * as z from "zod";
import { createClient } from "../../shared/client.ts";
import { controlRuns } from "../../shared/lambda.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { enqueue, poll } from "../support/poller.ts";

const Payment = z.strictObject({ cents: z.int() });
const paid = defineWorkflow({ name: "paid-order", version: 1, input: z.object({}) })
  .waitFor("paid", { output: Payment, timeout: "30 days" })
  .step("ship", ({ paid: { cents } }) => cents);
const unwaiting = defineWorkflow({ name: "unwaiting", version: 1, input: z.object({}) }).sleep("pause", "1 day");

const database = await deployFunctions("operator");
checkAfterEach(database);
const handler = controlRuns({ workflows: [paid, unwaiting] });

const send = (id: string, body: unknown, more: { readonly name?: string; readonly key?: string } = {}) => {
  const { name = "paid", key } = more;
  const headers = key === undefined ? {} : { "idempotency-key": key };
  return call(handler, { method: "POST", path: `/runs/${id}/signals/${name}`, parameters: { id, name }, body, headers });
};
const get = async (id: string) => (await call(handler, { path: `/runs/${id}`, parameters: { id } })).body;

async function waitingRun(): Promise<string> {
  const [id] = await enqueue(database.database, paid, [{}]);
  await poll(database.database, [paid]);
  return id!;
}

test("a run that waits says for what, at which node and until when, and goes on with what is sent", async () => {
  const id = await waitingRun();
  expect(await get(id)).toMatchObject({
    status: "waiting",
    waiting: { for: "signal", path: "paid", names: ["paid"], since: expect.any(String), until: expect.any(String) },
    steps: [
      { name: "paid", status: "waiting" },
      { name: "ship", status: "pending" },
    ],
  });
  expect(await send(id, { cents: 5 })).toMatchObject({ status: 202, body: { id, signal: "paid", status: "accepted" } });
  await poll(database.database, [paid]);
  expect(await get(id)).toMatchObject({
    status: "done",
    output: 5,
    steps: [
      { name: "paid", status: "done", output: { cents: 5 } },
      { name: "ship", status: "done" },
    ],
  });
});

test("an Idempotency-Key makes a repeat harmless, and stands for one signal", async () => {
  const id = await waitingRun();
  const sent = [await send(id, { cents: 5 }, { key: "a" }), await send(id, { cents: 5 }, { key: "a" })];
  expect(sent.map(({ body }) => body)).toMatchObject([{ status: "accepted" }, { status: "repeated" }]);
  expect(await send(id, { cents: 6 }, { key: "a" })).toMatchObject({
    status: 422,
    body: { type: "urn:baton:problem:idempotency-conflict" },
  });
  expect(await database.query("select from baton.message")).toHaveLength(1);
});

test("what a node would refuse is refused at the door, with its place, and nothing is stored", async () => {
  const id = await waitingRun();
  expect(await send(id, { cents: "five" })).toMatchObject({ status: 422, body: { errors: [{ pointer: "/cents" }] } });
  expect(await send(id, { cents: 5 }, { name: "payed" })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: "", message: 'version 1 of "paid-order" waits only for paid, not for "payed"' }] },
  });
  expect(await send(id, { cents: 5 }, { name: "Paid!" })).toMatchObject({ status: 422, body: { errors: [{ pointer: "/name" }] } });
  expect(await send(id, { text: "x".repeat(65_536) })).toMatchObject({ status: 422, body: { errors: [{ pointer: "" }] } });
  const [other] = await enqueue(database.database, unwaiting, [{}]);
  expect(await send(other!, { cents: 5 })).toMatchObject({
    status: 422,
    body: { errors: [{ message: expect.stringContaining("no signal at all") }] },
  });
  expect(await database.query("select from baton.message")).toEqual([]);
});

test("a run that is unknown, over or full takes none, and says so", async () => {
  const id = await waitingRun();
  await database.query(
    "insert into baton.message (run_id, name, body, at) select $1, 'other', '1', baton.now() from generate_series(1, 1000)",
    [id],
  );
  expect(await send(id, { cents: 5 })).toMatchObject({ status: 429, body: { type: "urn:baton:problem:mailbox-full" } });
  await database.query("delete from baton.message");
  await database.query("select baton.cancel($1)", [id]);
  expect(await send(id, { cents: 5 })).toMatchObject({ status: 409, body: { type: "urn:baton:problem:wrong-status" } });
  for (const unknown of ["01a20e77-642c-72f0-84ce-fe34e4a43d3c", "no-uuid"])
    expect(await send(unknown, { cents: 5 })).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-run" } });
});

test("a client without workflows sends any payload; a node takes what does not fit away, and waits on", async () => {
  const id = await waitingRun();
  const client = createClient({ database: database.database });
  await client.signal(id, "paid", { cents: "five" });
  await poll(database.database, [paid]);
  expect(await get(id)).toMatchObject({
    status: "waiting",
    waiting: { for: "signal" },
    steps: [{ attempts: [{ number: 1, error: { name: "SignalRefusedError" } }] }, {}],
  });
  await client.signal(id, "paid", { cents: 5 });
  await poll(database.database, [paid]);
  expect(await get(id)).toMatchObject({ status: "done", output: 5 });
});
