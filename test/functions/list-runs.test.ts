import { expect, test } from "vitest";
import * as z from "zod";
import { handler } from "../../functions/control-runs.http.ts";
import { createClient } from "../../shared/client.ts";
import { defineWorkflow } from "../../shared/index.ts";
import { call, deployFunctions, type AnswerBody } from "../support/http-functions.ts";

const database = await deployFunctions("operator");
const client = createClient({ database: database.database });
const quick = defineWorkflow({ name: "quick", version: 1, input: z.null() }).step("run", () => null);
const other = defineWorkflow({ name: "other", version: 1, input: z.null() }).step("run", () => null);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const list = (query = "") => call(handler, { path: "/runs", query });

test("runs are listed newest first, page by page, and each once", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.push((await client.enqueue(quick, null)).id);
  const pages: string[][] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const { status, body }: { status: number; body: AnswerBody } = await list(`limit=2${cursor && `&cursor=${cursor}`}`);
    expect(status).toBe(200);
    pages.push(body.runs.map(({ id }) => id));
    cursor = body.cursor;
  }
  expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
  expect(pages.flat()).toEqual(ids.toReversed());
});

test("a list is filtered by workflow and status", async () => {
  const [{ id: later } = { id: "" }] = await client.enqueueMany(other, [{ input: null, delay: "1 hour" }]);
  await client.enqueue(other, null);
  const { body } = await list("workflow=other&status=waiting");
  expect(body).toEqual({
    runs: [{ id: later, workflow: "other", version: 1, status: "waiting", createdAt: time, finishedAt: null }],
    cursor: null,
    more: false,
  });
  expect((await list("workflow=unheard-of")).body.runs).toEqual([]);
});

test.each([
  ["limit=101", "limit"],
  ["limit=0", "limit"],
  ["limit=ten", "limit"],
  ["limit=1&limit=2", "limit"],
  ["status=lost", "status"],
  ["cursor=x", "cursor"],
  ["workflow=%00", "workflow"],
  ["page=2", "page"],
  ["__proto__=1", "__proto__"],
])("the query %s is refused", async (query, parameter) => {
  const { status, body } = await list(query);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: "urn:baton:problem:invalid-query", errors: [{ parameter }] });
});

test("a query of a thousand parameters is refused with a short answer", async () => {
  const { status, text } = await list(Array.from({ length: 1_000 }, (_, place) => `p${place}=1`).join("&"));
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(5_000);
});
