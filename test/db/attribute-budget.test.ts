import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { NewRun } from "../../shared/domain/protocol.ts";
import { encodeRuns } from "../../shared/domain/wire.ts";
import { createTestDatabase } from "../support/database.ts";
import { newRuns } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const session = new pg.Client({ connectionString: database.ownerUrl });
await session.connect();
afterAll(() => session.end());

const BATCH = 100;
/** 200 bytes of JSON text, as Postgres writes it. */
const attributes = (n: number) => {
  const some = { customerId: `c-${1_000 + n}`, tags: ["eu", "vip"], note: "" };
  const bytes = '{"note": "", "tags": ["eu", "vip"], "customerId": "c-1000"}'.length;
  return { ...some, note: "x".repeat(200 - bytes) };
};

/** WAL bytes of one enqueue, but for its commit record. */
async function walOf(runs: readonly NewRun[]): Promise<number> {
  const call = `baton.enqueue(${pg.escapeLiteral(encodeRuns({ fresh: true, runs }))})`;
  const { rows } = await session.query(`explain (analyze, wal, timing off, format json) select ${call}`);
  return rows[0]["QUERY PLAN"][0].Plan["WAL Bytes"] as number;
}

/** A checkpoint makes the first change of each page dear, so the cheapest of five counts. */
async function cheapest(runs: () => readonly NewRun[]): Promise<number> {
  const costs: number[] = [];
  for (let n = 0; n < 5; n++) costs.push(await walOf(runs()));
  return Math.min(...costs) / BATCH;
}

test("200 bytes of attributes cost a run at most 600 bytes of WAL more than none, and a batch without any writes none of them", async () => {
  const plain = await cheapest(() => newRuns(BATCH));
  expect(await database.query("select from baton.attribute")).toEqual([]);
  const named = await cheapest(() => newRuns(BATCH).map((run, n) => ({ ...run, attributes: attributes(n) })));
  const [{ bytes }] = (await database.query("select max(octet_length(attributes::text)) as bytes from baton.attribute")) as [
    { bytes: number },
  ];
  expect(bytes).toBe(200);
  console.log(`WAL bytes of a run's enqueue: ${Math.round(plain)} without attributes, ${Math.round(named)} with 200 bytes of them`);
  expect(named - plain).toBeGreaterThan(200);
  expect(named - plain).toBeLessThanOrEqual(600);
});
