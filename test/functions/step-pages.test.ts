import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import type { StepPage } from "../../shared/operator.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { call, deployFunctions, type AnswerBody } from "../support/http-functions.ts";
import { storeRun, type StoredRun } from "../support/stored-runs.ts";

const database = await deployFunctions("operator");
checkAfterEach(database);

const list = <Body = StepPage>(id: string, query: string) => call<Body>(handler, { path: `/runs/${id}/steps`, query, parameters: { id } });
const row = (node: string, position: number) => ({ node, position, output: `of ${node}` });

/** A map of three items, of which two have begun. */
const begunMap: StoredRun = {
  status: "running",
  rows: [{ node: "pages", position: 0, attempt: 0, output: { items: [1, 2, 3] } }, row("pages/00000/get", 0), row("pages/00001/get", 0)],
};

test.each([
  ["", "under", 'give the path of a node, as in "renditions" or "renditions/00017/encode"'],
  ["under=Nobody", "under", 'give the path of a node, as in "renditions" or "renditions/00017/encode"'],
  ["under=pages&status=ready", "status", "give one of pending, running, waiting, done, failed, skipped"],
  ["under=pages&limit=0", "limit", "give a whole number from 1 to 100"],
  ["under=pages&limit=101", "limit", "give a whole number from 1 to 100"],
  ["under=pages&cursor=a/b", "cursor", "give the cursor of the page before"],
  ["under=pages&cursor=nonsense", "cursor", "give the cursor of the page before"],
  ["under=pages&cursor=00003", "cursor", "give the cursor of the page before"],
  ["under=pages/00001&cursor=put", "cursor", "give the cursor of the page before"],
  ["under=pages&page=2", "page", "this key is not known here"],
])("steps are not listed by ?%s", async (query, parameter, message) => {
  const id = await storeRun(database.query, begunMap);
  const { status, body } = await list<AnswerBody>(id, query);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: "urn:baton:problem:invalid-query", errors: [{ parameter, message }] });
});

test("a node without parts has an empty list, and a run that is none is unknown", async () => {
  const id = await storeRun(database.query, { status: "running", rows: [row("plain", 0)] });
  expect((await list(id, "under=plain")).body).toEqual({ steps: [], cursor: null, more: false });
  expect((await list(id, "under=nobody")).body).toEqual({ steps: [], cursor: null, more: false });
  for (const other of ["nonsense", crypto.randomUUID()]) expect((await list<AnswerBody>(other, "under=plain")).status).toBe(404);
});
