import { expect, test } from "vitest";
import { handler } from "../../functions/control-runs.http.ts";
import { migrate } from "../../infra/migrate.ts";
import { createClient } from "../../shared/client.ts";
import { call, deployFunctions } from "../support/http-functions.ts";
import { fulfilOrder } from "../support/workflows.ts";

const database = await deployFunctions("operator");
const get = (query: string) => call<Record<string, unknown>>(handler, { path: "/runs", query });
const order = { orderId: "o-1", amountCents: 1250 };

test("without its migration, a search is answered with 501 and the command that makes it", async () => {
  const { status, body } = await get("search=lovelace");
  expect(status).toBe(501);
  expect(body).toMatchObject({ type: "urn:baton:problem:not-enabled", detail: expect.stringContaining("npm run migrate -- --search") });
});

test("with it, the runs that say a text best are answered, with how well and where, and no secret of what an older version stored", async () => {
  await migrate({ url: database.ownerUrl, roles: true, search: true });
  const client = createClient({ database: database.database });
  const { id } = await client.enqueue(fulfilOrder, order, { attributes: { name: "Ada Lovelace, password=hunter2" } });
  await client.enqueue(fulfilOrder, order);
  const { status, body } = await get("search=lovelce&limit=5");
  expect(status).toBe(200);
  expect(body).toEqual({
    runs: [
      {
        id,
        workflow: "fulfil-order",
        version: 1,
        status: "ready",
        createdAt: expect.any(String),
        finishedAt: null,
        score: expect.any(Number),
        found: "Ada Lovelace, password=***",
      },
    ],
    ranked: 1,
    cursor: null,
  });
});

test("numbers in attributes are found, and words of three letters beyond ASCII where the locale has them as letters", async () => {
  const [row] = await database.query<{ known: boolean }>("select show_trgm('日') <> '{}' as known");
  const client = createClient({ database: database.database });
  const { id } = await client.enqueue(fulfilOrder, order, { attributes: { language: "日本語", weight: 48151 } });
  for (const text of ["48151", ...(row!.known ? [encodeURIComponent("日本語")] : [])])
    expect((await get(`search=${text}`)).body["runs"]).toMatchObject([{ id }]);
});

test.each([
  ["ab", "search", "give at least three letters or digits in a row"],
  ["AB-12-CD", "search", "give at least three letters or digits in a row"],
  ["a-b-c", "search", "give at least three letters or digits in a row"],
  [encodeURIComponent("日本"), "search", "give at least three letters or digits in a row"],
  ["x".repeat(201), "search", "give at most 200 characters"],
  ["abc&limit=0", "limit", "give a whole number from 1 to 100"],
  ["abc&cursor=1", "cursor", "give the cursor of the page before"],
  ["abc&status=failed", "status", "search takes no other filter than limit and cursor"],
])("a search for %j is refused with a sentence", async (query, parameter, message) => {
  const { status, body } = await get(`search=${query}`);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: "urn:baton:problem:invalid-query", errors: [{ parameter, message }] });
});
