import { beforeEach, expect, test } from "vitest";
import * as z from "zod";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { refuseOutput } from "../../shared/engine/produce/refuse-output.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { createAnswerApp } from "../../shared/lambda/answer-app.ts";
import { answerWaitsOf } from "../../shared/lambda/answer-waits.ts";
import { answerWaits } from "../../shared/lambda.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { enqueue } from "../support/poller.ts";
import { linkOf, ticketKeys, ticketKeysText, tokenOf } from "../support/tickets.ts";

const order = defineWorkflow({ name: "transcribe-order", version: 1, input: z.object({}) }).sleep("pause", "1 day");
const database = await deployFunctions("signaller", { BATON_TICKET_KEYS: ticketKeysText });
checkAfterEach(database);
const handler = answerWaits({ workflows: [order] });

let run = "";
beforeEach(async () => {
  [run = ""] = await enqueue(database.database, order, [{}]);
});

const send = (what: string, token: string, body?: unknown, from = handler) =>
  call(from, {
    method: "POST",
    path: `/callbacks/${token}/${what}`,
    parameters: { token },
    headers: { authorization: undefined },
    ...(body !== undefined && { body }),
  });
const stored = () => database.query<{ name: string; body: unknown }>("select name, body from baton.message order by n");
const name = "transcribe/~callback/00001";

test("a completion is stored once: the same again is repeated, and another is over", async () => {
  expect(await send("complete", tokenOf(run), { text: "hello" })).toMatchObject({ status: 202, body: { status: "accepted" } });
  expect(await send("complete", tokenOf(run), { text: "hello" })).toMatchObject({ status: 202, body: { status: "repeated" } });
  const over = { status: 409, body: { type: "urn:baton:problem:wait-over", detail: expect.stringContaining("answered before") } };
  expect(await send("complete", tokenOf(run), { text: "other" })).toMatchObject(over);
  expect(await send("fail", tokenOf(run), { message: "too late" })).toMatchObject(over);
  expect(await stored()).toEqual([{ name, body: { output: { text: "hello" } } }]);
});

test("a failure is stored with its name, and is tried again unless it says otherwise", async () => {
  expect(await send("fail", tokenOf(run), { message: "no speech" })).toMatchObject({ status: 202 });
  expect(await send("fail", tokenOf(run, { attempt: 2 }), { message: "no file", name: "NoFileError", retryable: false })).toMatchObject({
    status: 202,
  });
  expect(await stored()).toEqual([
    { name, body: { error: { name: "Error", message: "no speech" }, retryable: true } },
    { name: "transcribe/~callback/00002", body: { error: { name: "NoFileError", message: "no file" }, retryable: false } },
  ]);
});

test("the last heartbeat's note stays, with or without one", async () => {
  expect(await send("heartbeat", tokenOf(run))).toMatchObject({ status: 202, body: { status: "accepted" } });
  expect(await stored()).toEqual([{ name: "transcribe/~beat/00001", body: { note: null } }]);
  for (const note of ["half", { done: 7 }]) await send("heartbeat", tokenOf(run), { note });
  expect(await stored()).toEqual([{ name: "transcribe/~beat/00001", body: { note: { done: 7 } } }]);
});

test.each([
  ["complete", "x".repeat(65_536), 413, "body-too-large"],
  ["complete", "x".repeat(65_523), 422, "invalid-body"],
  ["complete", Buffer.from("{"), 400, "invalid-json"],
  ["fail", { message: "" }, 422, "invalid-body"],
  ["fail", { message: "no", reason: "?" }, 422, "invalid-body"],
  ["heartbeat", { note: "x".repeat(1_023) }, 422, "invalid-body"],
  ["heartbeat", { notes: "?" }, 422, "invalid-body"],
])("to %s a body that is wrong is refused, and nothing is stored", async (what, body, status, kind) => {
  const given = typeof body === "string" ? JSON.stringify(body) : body;
  expect(await send(what, tokenOf(run), given)).toMatchObject({ status, body: { type: `urn:baton:problem:${kind}` } });
  expect(await stored()).toEqual([]);
});

test("a body of the largest size is taken", async () => {
  const output = "x".repeat(65_536 - '{"output": ""}'.length);
  expect(await send("complete", tokenOf(run), JSON.stringify(output))).toMatchObject({ status: 202 });
  expect(await send("heartbeat", tokenOf(run, { attempt: 2 }), { note: "x".repeat(1_022) })).toMatchObject({ status: 202 });
});

test.each(["complete", "fail", "heartbeat"])("a token that gives no leave is told before the body is looked at: %s", async (what) => {
  const before = database.neon.stats.requests;
  const body = Buffer.from("no JSON");
  for (const token of ["hello", `${tokenOf(run).slice(0, -4)}AAAA`, linkOf(run)])
    expect(await send(what, token, body)).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-ticket" } });
  expect(await send(what, tokenOf(run, { expires: 1 }), body)).toMatchObject({
    status: 410,
    body: { type: "urn:baton:problem:ticket-expired" },
  });
  expect(database.neon.stats.requests).toBe(before);
});

test("a run that is over or unknown takes no answer, and says so", async () => {
  await database.query("select baton.cancel($1)", [run]);
  expect(await send("complete", tokenOf(run), 1)).toMatchObject({
    status: 409,
    body: { type: "urn:baton:problem:wait-over", detail: "Nobody waits for this answer any more: its run is over (cancelled)." },
  });
  const unknown = tokenOf("01a20e77-642c-72f0-84ce-fe34e4a43d3c");
  expect(await send("heartbeat", unknown)).toMatchObject({ status: 404, body: { type: "urn:baton:problem:unknown-run" } });
});

test("a run whose mail is full takes none", async () => {
  await database.query(
    "insert into baton.message (run_id, name, body, at) select $1, 'other', '1', baton.now() from generate_series(1, 1000)",
    [run],
  );
  expect(await send("complete", tokenOf(run), 1)).toMatchObject({ status: 429, body: { type: "urn:baton:problem:mailbox-full" } });
});

test("a poller is woken where the run waits for the answer, and only there", async () => {
  const nudged: number[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const nudge = async (pollers: number) => void nudged.push(pollers);
  const app = createAnswerApp({ workflows: [] }, database.database, { logger, keys: async () => ticketKeys, nudge });
  const from = answerWaitsOf(() => app);
  await send("complete", tokenOf(run), 1, from);
  expect(nudged).toEqual([]);
  const woken = { ...app, waits: { ...app.waits, queue: { answerWait: async () => ({ status: "accepted", woken: true }) as const } } };
  await send(
    "fail",
    tokenOf(run),
    { message: "no" },
    answerWaitsOf(() => woken),
  );
  expect(nudged).toEqual([1]);
});

const output = z.strictObject({ text: z.string() });
const options = { output, timeout: "1 hour" } as const;
const begun = defineWorkflow({ name: "transcribe-order", version: 1, input: z.object({}) });

test("an output that the node does not take is refused where this code knows the workflow", async () => {
  const known = begun.callback("transcribe", options, () => {});
  const refused = (version: number, path: string, given: { text: string | number }) =>
    refuseOutput([known], { workflow: "transcribe-order", version }, path, given);
  expect(await refused(1, "transcribe", { text: 5 })).toMatchObject([{ pointer: "/text" }]);
  expect(await refused(1, "transcribe", { text: "hello" })).toEqual([]);
  expect(await refused(2, "transcribe", { text: 5 })).toEqual([]);
  expect(await refused(1, "docs/00001/transcribe", { text: 5 })).toEqual([]);
  const from = doorTo(known);
  expect(await send("complete", tokenOf(run), { text: 5 }, from)).toMatchObject({ status: 422, body: { errors: [{ pointer: "/text" }] } });
  expect(await stored()).toEqual([]);
});

test("an output that a node below others does not take is refused, and one that it takes is stored", async () => {
  const from = doorTo(
    begun.choose("kind", () => "video", {
      video: (chain) => chain.map("parts", { over: () => [1] }, (item) => item.callback("transcribe", options, () => {})),
      text: (chain) => chain.step("copy", () => null),
    }),
  );
  const path = "kind/video/parts/00017/transcribe";
  const wrong = await send("complete", tokenOf(run, { path }), { text: 5 }, from);
  expect(wrong).toMatchObject({ status: 422, body: { type: "urn:baton:problem:invalid-body", errors: [{ pointer: "/text" }] } });
  expect(await stored()).toEqual([]);
  expect(await send("complete", tokenOf(run, { path }), { text: "hello" }, from)).toMatchObject({ status: 202 });
  expect(await stored()).toEqual([{ name: `${path}/~callback/00001`, body: { output: { text: "hello" } } }]);
});

/** The function in a deployment that knows this workflow. */
const doorTo = (known: AnyWorkflow) => answerWaitsOf(() => createAnswerApp({ workflows: [known] }, database.database, handlerParts()));
const handlerParts = () => ({ logger: handler.app().logger, keys: async () => ticketKeys });
