import { expect, test } from "vitest";
import { createTestDatabase } from "/work/main/test/support/database.ts";
import { engineOf, newRun } from "/work/main/test/support/engine-calls.ts";
const database = await createTestDatabase();
test("x", async () => {
  const { enqueue } = engineOf(database, "pg");
  const keyed = (key: string, at: Date) => newRun({ key, hash: "h", at });
  let bad = 0;
  for (let i = 1; i < 15; i++) {
    const keys = Array.from({ length: 900 }, (_, i) => `k${i}`);
    const at = new Date(Date.now() + i * 8 * 24 * 3_600_000);
    await database.setNow(at); await database.query("select baton.ensure_partitions()");
    const batch = (order: string[]) => enqueue(order.map((key) => keyed(key, at)));
    await Promise.all([keys, keys.toReversed(), keys, keys.toReversed()].map(batch)).catch((e) => { bad++; console.log(e.message, e.cause?.where) });
  }
  expect(bad).toBe(0);
}, 60000);
