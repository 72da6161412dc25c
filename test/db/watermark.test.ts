import pg from "pg";
import { expect, test } from "vitest";
import type { ClaimRequest } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, engineOf, newRun, newRuns } from "../support/engine-calls.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

test("low stands at the last run claimed while the backlog is older than 5 seconds", async () => {
  await engine.enqueue(newRuns(10));
  await database.advance("1 minute");
  const { low, runs } = await engine.claim({ max: 4 });
  const [last] = await database.query("select start_at::text from baton.run where id = $1", [runs[3]!.id]);
  const [mark] = await database.query("select ($1::jsonb ->> '2')::timestamptz::text as start_at", [JSON.stringify(low)]);
  expect(mark).toEqual(last);
  expect((await engine.claim({ max: 100, low })).runs).toHaveLength(6);
});

test("low stays 5 seconds behind the clock when everything was claimed", async () => {
  await database.setNow(new Date("2026-03-04T05:06:07.890Z"));
  const at = new Date("2026-03-04T05:06:00.000Z");
  const none = await engine.claim();
  expect(Object.values(none.low as object).map((mark) => Date.parse(String(mark)))).toEqual(
    Array.from({ length: 4 }, () => Date.parse("2026-03-04T05:06:02.890Z")),
  );
  await engine.enqueue([newRun({ at })]);
  await database.advance("1 second");
  const some = await engine.claim({ low: none.low });
  expect(some.runs).toHaveLength(1);
  expect(Date.parse((some.low as Record<string, string>)["2"]!)).toBe(Date.parse("2026-03-04T05:06:03.890Z"));
});

test("low goes back to nothing that was claimed, so a claim limited in bytes or rows skips nobody", async () => {
  const runs = newRuns(30, { input: { text: "x".repeat(500) } });
  await engine.enqueue(runs);
  await database.advance("1 hour");
  const got: string[] = [];
  let low: object = {};
  for (;;) {
    const claimed = await engine.claim({ low: low as never, max: 4, max_bytes: 1_200 });
    if (claimed.runs.length === 0) break;
    got.push(...claimed.runs.map(({ id }) => id));
    low = claimed.low as object;
  }
  expect(got).toEqual(runs.map(({ id }) => id));
});

test("rows below low are left out, and what is due is measured from there", async () => {
  await engine.enqueue(newRuns(2));
  await database.advance("1 minute");
  const mark = new Date(Date.now() + 30_000).toISOString();
  const low = { "0": mark, "1": mark, "2": mark, "3": mark };
  expect(await engine.claim({ low })).toMatchObject({ runs: [], due_in_ms: null });
});

test("a run that was committed late lies below low, and the fresh low of tick finds it", async () => {
  const late = new pg.Client({ connectionString: database.url("producer") });
  await late.connect();
  const run = newRun();
  try {
    await late.query("begin");
    await late.query("select baton.enqueue($1::jsonb)", [JSON.stringify({ runs: [run] })]);
    await database.advance("8 seconds");
    await engine.enqueue(newRuns(1));
    const { low } = await engine.claim();
    await late.query("commit");
    expect((await engine.claim({ low })).runs).toEqual([]);
    const ticked = await engine.tick();
    expect(ticked.due_in_ms).toBe(0);
    expect((await engine.claim({ low: ticked.low })).runs).toMatchObject([{ id: run.id }]);
  } finally {
    await late.end();
  }
});

test("low of a tick that finds nothing due stays 5 seconds behind the clock, so that what is committed late is found", async () => {
  const late = new pg.Client({ connectionString: database.url("producer") });
  await late.connect();
  const run = newRun();
  try {
    await database.setNow(new Date());
    await engine.enqueue([newRun({ delay_ms: 60_000 })]);
    await late.query("begin");
    await late.query("select baton.enqueue($1::jsonb)", [JSON.stringify({ runs: [run] })]);
    await database.advance("5 seconds");
    const { low } = await engine.tick();
    await late.query("commit");
    expect((await engine.claim({ low })).runs).toMatchObject([{ id: run.id }]);
  } finally {
    await late.end();
  }
});

test("low of a claim that took a newer run stays 5 seconds behind the clock, so that what is committed late is found", async () => {
  const late = new pg.Client({ connectionString: database.url("producer") });
  await late.connect();
  const run = newRun();
  try {
    await database.setNow(new Date());
    await late.query("begin");
    await late.query("select baton.enqueue($1::jsonb)", [JSON.stringify({ runs: [run] })]);
    await database.advance("4 seconds");
    await engine.enqueue(newRuns(1));
    await database.advance("1 second");
    const { low, runs } = await engine.claim();
    expect(runs).toHaveLength(1);
    await late.query("commit");
    expect((await engine.claim({ low })).runs).toMatchObject([{ id: run.id }]);
  } finally {
    await late.end();
  }
});

test("what is given back is above every low", async () => {
  const [run] = newRuns(1);
  await engine.enqueue([run!]);
  await database.advance("1 hour");
  const { token, low } = await engine.claim();
  await database.advance("1 hour");
  const { low: higher } = await engine.claim({ low });
  await engine.release(token);
  expect((await engine.claim({ low: higher })).runs).toMatchObject([{ id: run!.id }]);
});

test("tick tells when the next run is due and the next lease expires", async () => {
  await database.setNow(new Date());
  expect(await engine.tick()).toMatchObject({ due_in_ms: null, lease_expires_in_ms: null, suspects: false });
  await engine.enqueue([newRun({ delay_ms: 5_000 }), newRun()]);
  await database.advance("1 second");
  await engine.claim({ ttl_ms: 9_000 });
  expect(await engine.tick()).toMatchObject({ due_in_ms: 4_001, lease_expires_in_ms: 9_000 });
});

test("runs that are due at one moment are all found, though the watermark stands at that moment", async () => {
  await database.setNow(new Date());
  const runs = newRuns(3);
  await engine.enqueue(runs);
  await database.advance("1 second");
  const { token } = await engine.claim();
  await engine.release(token);
  const found = [];
  let low: ClaimRequest["low"] = {};
  // The first claim comes at the very moment at which they are due.
  for (const _ of runs) {
    const claimed = await engine.claim({ low, max: 1 });
    found.push(...claimed.runs.map(({ id }) => id));
    low = claimed.low;
    await database.advance("10 seconds");
  }
  expect(found.toSorted()).toEqual(runs.map(({ id }) => id).toSorted());
});
