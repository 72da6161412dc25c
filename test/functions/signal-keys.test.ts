import { expect, test } from "vitest";
import * as z from "zod";
import { createClient, InvalidSignalError } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { controlRuns } from "../../shared/lambda.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { enqueue, poll } from "../support/poller.ts";

const Payment = z.strictObject({ cents: z.int() });
const define = (version: number) => defineWorkflow({ name: "paid-order", version, input: z.object({ orderId: z.string() }) });
const options = { timeout: "30 days", key: ({ input }: { readonly input: { readonly orderId: string } }) => input.orderId } as const;
const paid = define(1).waitFor("paid", { ...options, output: Payment });
const older = define(2)
  .waitFor("paid", { ...options, output: z.strictObject({ text: z.string() }) })
  .waitFor("sent", { output: z.json(), timeout: "1 day" });

const database = await deployFunctions("operator");
checkAfterEach(database);
const handler = controlRuns({ workflows: [paid, older] });

interface More {
  readonly workflow?: string;
  readonly name?: string;
  readonly key?: string;
  readonly id?: string;
}

const send = (body: unknown, { workflow = "paid-order", name = "paid", key = "ada@example.com", id }: More = {}) => {
  const headers = id === undefined ? {} : { "idempotency-key": id };
  const path = `/workflows/${workflow}/signals/${name}/${encodeURIComponent(key)}`;
  return call(handler, { method: "POST", path, parameters: { workflow, name, key }, body, headers });
};
const get = async (id: string) => (await call(handler, { path: `/runs/${id}`, parameters: { id } })).body;
const unclaimed = () => database.query("select from baton.unclaimed");

async function waitingRun(orderId = "ada@example.com"): Promise<string> {
  const [id] = await enqueue(database.database, paid, [{ orderId }]);
  await poll(database.database, [paid]);
  return id!;
}

test("a signal by a key is kept until a run waits by it, and goes to that run from then on", async () => {
  const told = { workflow: "paid-order", signal: "paid", key: "ada@example.com", status: "accepted" };
  expect(await send({ cents: 5 })).toMatchObject({ status: 202, body: { ...told, run: null } });
  expect(await get(await waitingRun())).toMatchObject({ status: "done", output: { cents: 5 } });
  const id = await waitingRun();
  expect(await send({ cents: 6 }, { id: "a" })).toMatchObject({ status: 202, body: { ...told, run: id } });
  expect(await send({ cents: 6 }, { id: "a" })).toMatchObject({ status: 202, body: { ...told, status: "repeated", run: id } });
  await poll(database.database, [paid]);
  expect(await get(id)).toMatchObject({ status: "done", output: { cents: 6 } });
});

test("what no version of the workflow takes by a key is refused with 422, and what one takes is kept", async () => {
  expect(await send({ cents: "five" }, { key: "b" })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: "/text" }, { pointer: "/cents" }] },
  });
  expect(await send({ text: "five" }, { key: "b" })).toMatchObject({ status: 202 });
  expect(await send({}, { key: "b", name: "sent" })).toMatchObject({
    status: 422,
    body: { errors: [{ message: 'version 2 of "paid-order" waits, by a key, only for paid, not for "sent"' }] },
  });
  expect(await send({ cents: 5 }, { key: "ö" })).toMatchObject({ status: 422, body: { errors: [{ pointer: "/key" }] } });
  expect(await send({ cents: 5 }, { workflow: "unknown" })).toMatchObject({
    status: 404,
    body: { type: "urn:baton:problem:unknown-workflow" },
  });
  expect(await unclaimed()).toHaveLength(1);
});

test("the version of the run that has the key refuses what another takes", async () => {
  await waitingRun("c");
  expect(await send({ text: "five" }, { key: "c" })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: "/cents" }, { pointer: "/text" }] },
  });
});

test("a key whose run is over answers 409, and one with too many signals 429", async () => {
  const id = await waitingRun("d");
  await database.query("select baton.cancel($1)", [id]);
  expect(await send({ cents: 5 }, { key: "d" })).toMatchObject({ status: 409, body: { type: "urn:baton:problem:wrong-status" } });
  await database.query(
    `insert into baton.unclaimed (workflow, name, key, body, at)
     select 'paid-order', 'paid', 'e', '1', baton.now() from generate_series(1, 1000)`,
  );
  expect(await send({ cents: 5 }, { key: "e" })).toMatchObject({
    status: 429,
    body: { type: "urn:baton:problem:mailbox-full", detail: expect.stringContaining('Key "e" of workflow "paid-order" has 1,000 signals') },
  });
});

test("a client that does not know the workflow sends any payload, and one that does says what is wrong", async () => {
  const client = createClient({ database: database.database });
  expect(await client.signalKey("elsewhere", "paid", "f", { any: 1 }, { id: "a" })).toEqual({ status: "accepted", run: null });
  const knowing = createClient({ database: database.database, workflows: [paid] });
  await expect(knowing.signalKey("paid-order", "paid", "f", "five")).rejects.toThrow(
    'Nothing of signal "paid" was stored for key "f" of workflow "paid-order"',
  );
  await expect(knowing.signalKey("paid-order", "paid", "", { cents: 1 })).rejects.toBeInstanceOf(InvalidSignalError);
});
