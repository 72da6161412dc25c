import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { engineOf } from "../support/engine-calls.ts";
import { pgbaton } from "./pgbaton.ts";

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database[Symbol.asyncDispose]());

const unclaimed = (...flags: string[]) => pgbaton(["signals", "unclaimed", ...flags], { env: { DATABASE_URL: database.url("reader") } });

test("signals that no run has claimed are listed by their keys, as a table or as JSON, page by page", async () => {
  for (const key of ["o-1", "o-2", "o-3"]) await engineOf(database).signal({ workflow: "pay", name: "paid", key, body: 5 });
  const table = await unclaimed();
  expect([table.code, table.stdout]).toEqual([0, expect.stringMatching(/workflow[^]*pay +paid +o-1 +1 [^]*o-2[^]*o-3/)]);
  const first = await unclaimed("--limit", "2");
  expect([first.code, first.stdout.match(/o-\d/g)]).toEqual([0, ["o-1", "o-2"]]);
  const [, cursor] = /There are more: --cursor (\S+)/.exec(first.stderr)!;
  const last = await unclaimed("--limit", "2", "--cursor", cursor!, "--json");
  expect(JSON.parse(last.stdout)).toMatchObject({ signals: [{ workflow: "pay", name: "paid", key: "o-3", count: 1 }], more: false });
  expect(JSON.parse((await unclaimed("--workflow", "ship", "--json")).stdout)).toEqual({ signals: [], cursor: null, more: false });
});

test("a cursor that is none is asked wrongly", async () => {
  expect(await unclaimed("--cursor", "o-1")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("give the cursor of the page before"),
  });
});
