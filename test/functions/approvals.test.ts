import { beforeEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { defineWorkflow } from "../../shared/index.ts";
import { answerWaits } from "../../shared/lambda.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { context, httpEvent } from "../support/http-event.ts";
import { deployFunctions } from "../support/http-functions.ts";
import { enqueue } from "../support/poller.ts";
import { LATER, linkOf, ticketKeysText, tokenOf } from "../support/tickets.ts";

const order = defineWorkflow({ name: "approve-order", version: 1, input: z.object({}) }).sleep("pause", "1 day");
const database = await deployFunctions("signaller", { BATON_TICKET_KEYS: ticketKeysText });
checkAfterEach(database);
const handler = answerWaits({ workflows: [order] });

let run = "";
beforeEach(async () => {
  [run = ""] = await enqueue(database.database, order, [{}]);
});

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const ofForm = { "content-type": "application/x-www-form-urlencoded" };

/** As a browser asks, without an API key. */
async function ask(method: string, token: string, body?: unknown, headers: Record<string, string> = {}) {
  const type = typeof body === "string" ? ofForm : {};
  const given = { accept: "text/html,*/*", authorization: undefined, ...type, ...headers };
  const event = httpEvent({ method, path: `/approvals/${token}`, parameters: { token }, query: "utm_source=mail", headers: given, body });
  const { statusCode, headers: answered = {}, body: text = "" } = await handler(event, context);
  return { status: statusCode, headers: answered, text, title: /<title>(.*)<\/title>/.exec(text)?.[1] };
}

const stored = () => database.query<{ name: string; body: unknown }>("select name, body from baton.message");

test("a GET shows who asks for what until when, and changes nothing", async () => {
  const { status, headers, text, title } = await ask("GET", linkOf(run, { expires: Date.UTC(2199, 1, 3, 4, 5) }));
  expect([status, title]).toEqual([200, "Choose “approve”?"]);
  for (const shown of ["approve-order", "sign-off", "2199-02-03 04:05 UTC", '<form method="post">']) expect(text).toContain(shown);
  expect(headers).toMatchObject({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    ),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
  });
  expect(await stored()).toEqual([]);
});

test("a link without an end says none", async () => {
  expect((await ask("GET", linkOf(run, { expires: Date.UTC(9999, 11, 31) }))).text).not.toContain("until");
});

test("what a page shows is text, whatever signs it has", async () => {
  const { text } = await ask("GET", linkOf(run, { choice: `<img src=x onerror="alert('1')">&` }));
  expect(text).not.toContain("<img");
  expect(text).toContain("&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;");
});

test("a POST of the form decides once: the same again is told so, and another is not taken", async () => {
  const link = linkOf(run);
  const answers = [
    await ask("POST", link, form({ by: " Ada ", comment: "fine\r\nby me" })),
    await ask("POST", link, form({ by: "Ada", comment: "fine\nby me" })),
    await ask("POST", linkOf(run, { choice: "reject" }), form({})),
    await ask("GET", link),
  ];
  expect(answers.map(({ status, title }) => [status, title])).toEqual([
    [200, "You have chosen “approve”."],
    [200, "You have chosen “approve”."],
    [410, "This was decided before, so nothing can be chosen with this link any more."],
    [410, "This was decided before, so nothing can be chosen with this link any more."],
  ]);
  expect(await stored()).toEqual([{ name: "sign-off/~decision/00000", body: { decision: "approve", by: "Ada", comment: "fine\nby me" } }]);
});

test("empty fields say nothing, and unknown ones are left alone", async () => {
  expect((await ask("POST", linkOf(run), form({ by: " ", comment: "", extension: "1" }))).status).toBe(200);
  expect(await stored()).toMatchObject([{ body: { decision: "approve", by: null, comment: null } }]);
});

test("a comment that is too long comes back in its form with a sentence, and nothing is decided", async () => {
  const comment = `<b>${"x".repeat(1_000)}`;
  const { status, text } = await ask("POST", linkOf(run), form({ by: "Ada", comment }));
  expect(status).toBe(422);
  expect(text).toContain("Comment: give at most 1,000 characters. Nothing was decided yet.");
  expect(text).toContain(`&#60;b&#62;${"x".repeat(1_000)}`);
  expect((await ask("POST", linkOf(run), form({ by: "y".repeat(201) }))).text).toContain("Your name: give at most 200 characters");
  expect((await ask("POST", linkOf(run), form({ comment: "\0" }))).status).toBe(422);
  expect((await ask("POST", linkOf(run), form({ comment: "x".repeat(16_384) }))).status).toBe(413);
  expect((await ask("POST", linkOf(run), "comment=x", { "content-type": "text/plain" })).status).toBe(415);
  expect(await stored()).toEqual([]);
});

test.each([
  ["a forged link", () => `${linkOf(run).slice(0, -4)}AAAA`, "This link is not one of ours, or not all of it was copied."],
  ["what is no link", () => "hello", "This link is not one of ours, or not all of it was copied."],
  ["the token of a callback", () => tokenOf(run), "This link is not one of ours, or not all of it was copied."],
  ["an expired link", () => linkOf(run, { expires: 1 }), "This link has expired, so nothing can be chosen with it any more."],
  [
    "a link of before a redrive",
    () => linkOf(run, { generation: 1 }),
    "This was asked anew since: please take the link of the latest message.",
  ],
  ["a link of an unknown run", () => linkOf("01a20e77-642c-72f0-84ce-fe34e4a43d3c"), "What this link belongs to is not kept any more."],
])("%s is gone, with one sentence, also for a POST", async (_, link, sentence) => {
  for (const answered of [await ask("GET", link()), await ask("POST", link(), form({}))])
    expect([answered.status, answered.title]).toEqual([410, sentence]);
  expect(await stored()).toEqual([]);
});

test("a link of a run that was cancelled is gone, and says why", async () => {
  await database.query("select baton.cancel($1)", [run]);
  expect(await ask("POST", linkOf(run), form({}))).toMatchObject({
    status: 410,
    title: "What asked for this was cancelled, so there is nothing left to decide.",
  });
});

test("a program reads JSON and sends JSON", async () => {
  const asJson = { accept: "application/json" };
  const shown = await ask("GET", linkOf(run), undefined, asJson);
  expect(JSON.parse(shown.text)).toEqual({
    workflow: "approve-order",
    path: "sign-off",
    choice: "approve",
    expires: new Date(LATER).toISOString(),
  });
  const refused = await ask("POST", linkOf(run), { by: "Ada", comments: "?" }, { "content-type": "application/json" });
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([422, { errors: [{ pointer: "/comments" }] }]);
  const decided = await ask("POST", linkOf(run), { by: "Ada" }, { "content-type": "application/json" });
  expect([decided.status, JSON.parse(decided.text)]).toEqual([202, { status: "accepted", decision: "approve" }]);
  const late = await ask("GET", linkOf(run), undefined, asJson);
  expect([late.status, JSON.parse(late.text)]).toMatchObject([409, { type: "urn:baton:problem:wait-over" }]);
});

test("a database that is away is no dead link", async () => {
  database.neon.inject(({ text }) => (text.includes("answer_wait") ? { kind: "status-before", status: 503 } : undefined));
  const { status, title, headers } = await ask("GET", linkOf(run));
  database.neon.inject(undefined);
  expect([status, title, headers["retry-after"]]).toEqual([503, "That did not work just now. Please try again in a moment.", "2"]);
});

test("no line of the log has a token", async () => {
  const lines: unknown[] = [];
  for (const level of ["info", "warn", "error"] as const)
    vi.spyOn(handler.app().logger, level).mockImplementation((...line) => void lines.push(line));
  const link = linkOf(run);
  await ask("POST", link, form({ comment: "canary" }));
  await ask("GET", link);
  expect(lines).toEqual([
    ["an approval was decided", { run, node: "sign-off", decision: "approve", status: "accepted" }],
    ["a request was answered", expect.objectContaining({ method: "POST", path: "/approvals/…", status: 200 })],
    ["a request was answered", expect.objectContaining({ method: "GET", path: "/approvals/…", status: 410 })],
  ]);
  expect(JSON.stringify(lines)).not.toContain(link);
  expect(JSON.stringify(lines)).not.toContain("canary");
});
