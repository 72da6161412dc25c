import { beforeEach, expect, test } from "vitest";
import { createOperator, type UnclaimedFilter } from "../../shared/operator.ts";
import { createTestDatabase } from "../support/database.ts";
import { engineOf } from "../support/engine-calls.ts";
import { explainingSession } from "../support/plans.ts";

const DAY = 86_400_000;
const now = new Date("2031-03-09T12:00:00Z");
const database = await createTestDatabase();
const operator = createOperator({ database: database.connect("reader") });
await database.setNow(now);
beforeEach(() => database.query("delete from baton.unclaimed"));

const signalOf = (workflow: string, key: string, name = "paid") => ({ workflow, name, key, body: { secret: "canary" } });
const send = async (...signals: ReturnType<typeof signalOf>[]) => {
  for (const signal of signals) await engineOf(database).signal(signal);
};
const list = async (filter = {}) => (await operator.listUnclaimed(filter)).signals.map(({ workflow, name, key }) => [workflow, name, key]);

test("keys of signals that no run has claimed are told with how many there are and when the first goes, and nothing of what was sent", async () => {
  await send(signalOf("pay", "o-1"), signalOf("pay", "o-1"), signalOf("pay", "o-2"));
  const page = await operator.listUnclaimed();
  expect(page).toEqual({
    signals: [
      { workflow: "pay", name: "paid", key: "o-1", count: 2, oldestAt: expect.any(String), expiresAt: expect.any(String) },
      { workflow: "pay", name: "paid", key: "o-2", count: 1, oldestAt: expect.any(String), expiresAt: expect.any(String) },
    ],
    cursor: null,
    more: false,
  });
  const [first] = page.signals;
  expect([Date.parse(first!.oldestAt), Date.parse(first!.expiresAt)]).toEqual([now.getTime(), now.getTime() + 7 * DAY]);
  expect(JSON.stringify(page)).not.toContain("canary");
});

test("pages show each key once, in order, whatever characters it has", async () => {
  const keys = ["a", "b/c", 'd"e', "f,g", "g'h", "u@example.com", "z"];
  await send(...keys.flatMap((key) => [signalOf("pay", key), signalOf("pay", key, "refunded"), signalOf("ship", key)]));
  const all = await list({ limit: 100 });
  expect(all).toHaveLength(21);
  const paged: string[][] = [];
  for (let cursor: string | undefined, more = true; more;) {
    const page = await operator.listUnclaimed({ limit: 4, cursor });
    paged.push(...page.signals.map(({ workflow, name, key }) => [workflow, name, key]));
    more = page.more;
    cursor = page.cursor ?? undefined;
  }
  expect(paged).toEqual(all);
  expect(await list({ workflow: "ship", limit: 100 })).toEqual(all.filter(([workflow]) => workflow === "ship"));
  expect(await list({ workflow: "none" })).toEqual([]);
});

test.each([
  [{ limit: 0 }, "limit"],
  [{ limit: 101 }, "limit"],
  [{ cursor: "o-1" }, "cursor"],
  [{ cursor: Buffer.from('["pay","paid"]').toString("base64url") }, "cursor"],
  [{ name: "paid" }, "name"],
])("the filter %j is refused by its name", async (filter, parameter) => {
  await expect(operator.listUnclaimed(filter as UnclaimedFilter)).rejects.toThrow(new RegExp(`"${parameter}"`));
});

test.each([
  [{}, 'lacks the key "limit"'],
  [{ limit: 1, after: { workflow: "pay", name: "paid" } }, 'lacks the key "key"'],
  [{ limit: 1, after: "o-1" }, "is no object but string"],
  [{ limit: "1" }, "no number but string"],
])("the request %j is refused, with why", async (request, why) => {
  await expect(database.query("select baton.list_unclaimed($1)", [JSON.stringify(request)])).rejects.toThrow(why);
});

test("a page reads the rows of its keys by the primary key, however many others there are", async () => {
  await database.query(
    `insert into baton.unclaimed (workflow, name, key, body, at)
     select 'pay', 'paid', 'o-' || lpad(n::text, 5, '0'), '1', baton.now() from generate_series(1, 20000) as n`,
  );
  await using session = await explainingSession(database.ownerUrl);
  const after = { workflow: "pay", name: "paid", key: "o-10000" };
  const { answer, ran } = await session.call("baton.list_unclaimed($1)", { limit: 10, after });
  expect(answer).toMatchObject({ signals: { length: 10, 0: { key: "o-10001" } }, more: true });
  const read = ran.flatMap(({ scans }) => scans).filter(({ relation }) => relation === "unclaimed");
  expect(read.map(({ index }) => index)).toEqual(["unclaimed_of_key"]);
  expect(read[0]!.rows).toBeLessThan(20);
});

test("readers and operators may ask, producers may not", async () => {
  expect(await createOperator({ database: database.connect("operator") }).listUnclaimed()).toMatchObject({ signals: [] });
  await expect(createOperator({ database: database.connect("producer") }).listUnclaimed()).rejects.toMatchObject({ sqlstate: "42501" });
});
