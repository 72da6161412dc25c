import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { FaultyRequest } from "../../infra/local/faults.ts";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import { decodeRuns, encodeRuns } from "../../shared/domain/wire.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";
import {
  advanceRequest,
  checkAfterEach,
  claimRequest,
  engineOf,
  leaseOf,
  member,
  type Member,
  newRuns,
  step,
} from "../support/engine-calls.ts";

const database = await createTestDatabase();
// The endpoint counts the requests.
const engine = engineOf(database, "neon");
checkAfterEach(database);

const session = new pg.Client({ connectionString: database.ownerUrl });
await session.connect();
const measured: string[] = [];
afterAll(async () => {
  await session.end();
  console.log(measured.join("\n"));
});

const BATCH = 100;
const STEPS = ["reserve", "charge", "ship"];
/** 200 bytes of JSON text, as Postgres writes it. */
const output = { text: "x".repeat(200 - '{"text": ""}'.length) };

/** The requests that a call makes of the endpoint. */
async function requestsOf(call: () => Promise<unknown>): Promise<FaultyRequest[]> {
  const seen: FaultyRequest[] = [];
  database.neon.inject((request) => void seen.push(request));
  const { statements } = database.neon.stats;
  await call();
  database.neon.inject(undefined);
  expect(database.neon.stats.statements - statements).toBe(seen.reduce((sum, { text }) => sum + text.split(";").length, 0));
  return seen;
}

/** How many transactions wrote the rows of these tables. */
async function writers(...tables: string[]): Promise<number> {
  const parts = tables.map((table) => `select xmin::text from baton.${table}`).join(" union ");
  return (await database.query(parts)).length;
}

test("a batch of 1,000 runs is one round trip, one statement and one commit", async () => {
  const requests = await requestsOf(() => engine.enqueue(newRuns(1_000)));
  expect(requests).toMatchObject([{ text: "select baton.enqueue($1::pg_catalog.jsonb) as answer", batch: false }]);
  expect(await writers("run", "ready")).toBe(1);
});

test("a claim and a round that ends, parks and claims are one round trip, one statement and one commit each", async () => {
  await engine.enqueue(newRuns(300));
  let token = "";
  let runs: readonly Member[] = [];
  const claiming = await requestsOf(async () => ({ token, runs } = await engine.claim()));
  expect(claiming).toMatchObject([{ text: "select baton.claim($1::pg_catalog.uuid, $2::pg_catalog.jsonb) as answer", batch: false }]);
  expect(await writers("lease")).toBe(1);
  const round = await requestsOf(() =>
    engine.advance(token, 1, {
      steps: runs.map((run) => step(run)),
      done: runs.slice(0, 50).map(member),
      claim: claimRequest({ max: 50 }),
    }),
  );
  expect(round).toMatchObject([
    { text: "select baton.advance($1::pg_catalog.uuid, $2::pg_catalog.int4, $3::pg_catalog.jsonb) as answer", batch: false },
  ]);
  expect(await writers("checkpoint", "ending", "lease")).toBe(1);
});

test("a round with statements of sql nodes is one round trip and one commit", async () => {
  await database.query("create table service.effect (name text); grant insert on service.effect to baton_poller");
  const { token, runs } = await leaseOf(engine, 3);
  const insert = { text: "insert into service.effect values ($1)", values: ["x"] };
  const requests = await requestsOf(() => engine.advanceWith(token, 1, { steps: runs.map((run) => step(run)) }, [insert, insert, insert]));
  expect(requests).toMatchObject([{ batch: true }]);
  const written =
    "select xmin::text from baton.checkpoint union select xmin::text from baton.lease union select xmin::text from service.effect";
  expect(await database.query(written)).toHaveLength(1);
});

test("a release is one round trip and one statement", async () => {
  const { token } = await leaseOf(engine, 3);
  const requests = await requestsOf(() => engine.release(token));
  expect(requests).toMatchObject([{ text: "select baton.release($1::pg_catalog.uuid) as answer", batch: false }]);
});

test("no function of the engine can commit in between", async () => {
  expect(await database.query("select proname from pg_proc where pronamespace = 'baton'::regnamespace and prokind <> 'f'")).toEqual([]);
});

test("an idle poll writes nothing", async () => {
  await engine.tick();
  await session.query("vacuum");
  await expectNoWal("baton.claim(gen_random_uuid(), $1)", JSON.stringify(claimRequest()));
  await expectNoWal("baton.tick()");
});

/**
 * Expects that the call writes nothing, twice in a row. Whoever reads a page first after deletes
 * prunes it, as soon as no snapshot of anybody in the cluster needs what was deleted: that is the
 * deletes' cost, it comes once a page, and the first of ten calls may pay it.
 */
async function expectNoWal(text: string, ...values: string[]): Promise<void> {
  const written: number[] = [];
  while (written.length < 10 && (written.length < 2 || written.slice(-2).some((bytes) => bytes > 0)))
    written.push(await walOf(text, ...values));
  expect(written.slice(-2), `WAL bytes of each call: ${written.join(", ")}`).toEqual([0, 0]);
}

/**
 * WAL bytes that one call writes, but for its commit record; counted by its own session, so that
 * others do not matter.
 */
async function walOf(text: string, ...values: string[]): Promise<number> {
  const literals = text.replaceAll(/\$(\d)/g, (_, n) => pg.escapeLiteral(values[Number(n) - 1]!));
  const { rows } = await session.query(`explain (analyze, wal, timing off, format json) select ${literals}`);
  return rows[0]["QUERY PLAN"][0].Plan["WAL Bytes"] ?? 0;
}

/** WAL bytes of each call. */
interface BatchCost {
  readonly enqueue: number;
  readonly claim: number;
  readonly steps: readonly number[];
}

/** One batch from enqueue to done, in rounds of all its runs. */
async function batchOfRuns(): Promise<BatchCost> {
  const enqueue = await walOf("baton.enqueue($1)", encodeRuns({ fresh: true, runs: newRuns(BATCH) }));
  const token = crypto.randomUUID();
  const claim = await walOf("baton.claim($1, $2)", token, JSON.stringify(claimRequest()));
  const again = await session.query("select baton.claim($1, $2) as answer", [token, JSON.stringify(claimRequest())]);
  const { runs } = decodeRuns<ClaimAnswer>(again.rows[0].answer);
  expect(runs).toHaveLength(BATCH);
  const steps: number[] = [];
  for (const [position, node] of STEPS.entries()) {
    const last = position === STEPS.length - 1;
    const round = { steps: runs.map((run) => step(run, { node, position, output })), ...(last && { done: runs.map(member) }) };
    steps.push(await walOf("baton.advance($1, $2, $3)", token, `${position + 1}`, advanceRequest(round)));
  }
  await session.query("select baton.release($1)", [token]);
  return { enqueue, claim, steps };
}

test("a plain step costs at most 420 bytes of WAL, a run of three steps at most 2,300", async () => {
  const batches: BatchCost[] = [];
  for (let i = 0; i < 5; i++) batches.push(await batchOfRuns());
  // A checkpoint makes the first change of each page dear, so the cheapest of five batches counts.
  const least = (bytes: (batch: BatchCost) => number) => Math.round(Math.min(...batches.map(bytes)) / BATCH);
  const plain = least(({ steps }) => steps[1]!);
  const run = least(({ enqueue, claim, steps }) => enqueue + claim + steps.reduce((sum, bytes) => sum + bytes));
  measured.push(
    `WAL bytes for each run: enqueue ${least((batch) => batch.enqueue)}, claim ${least((batch) => batch.claim)}, step ${plain}, ` +
      `last step and end ${least(({ steps }) => steps[2]!)}; a run of three steps ${run}`,
  );
  expect(plain).toBeLessThanOrEqual(420);
  expect(run).toBeLessThanOrEqual(2_300);
});

/** The median of rounds in which one run of a large lease stores its last output and ends. */
async function trickle(size: number): Promise<number> {
  await engine.enqueue(newRuns(size));
  const { token, runs } = await engine.claim({ max: size });
  const bytes: number[] = [];
  for (const [i, run] of runs.slice(0, 50).entries()) {
    const round = advanceRequest({ steps: [step(run, { output })], done: [member(run)] });
    bytes.push(await walOf("baton.advance($1, $2, $3)", token, `${i + 1}`, round));
  }
  const median = bytes.toSorted((a, b) => a - b)[25]!;
  measured.push(`WAL bytes of a round with one step and one end in a lease of ${size}: ${median}`);
  return median;
}

test("a round with one step and one end costs at most 1,000 bytes of WAL in a lease of 100 or 500", async () => {
  expect(await trickle(100)).toBeLessThanOrEqual(1_000);
  expect(await trickle(500)).toBeLessThanOrEqual(1_000);
});

/**
 * The WAL records that this session's database wrote while something ran, counted by kind:
 * `Btree/INSERT_LEAF`, `Heap/INSERT`.
 */
async function recordsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
  await session.query("create extension if not exists pg_walinspect");
  const at = async () => (await session.query("select pg_current_wal_insert_lsn() as lsn")).rows[0].lsn as string;
  const from = await at();
  await run();
  const to = await at();
  // A record can be read once it is written out, for which this commit waits.
  await session.query("set synchronous_commit = on");
  await session.query("select pg_logical_emit_message(true, 'budget', '')");
  await session.query("reset synchronous_commit");
  const { rows } = await session.query(
    `select resource_manager || '/' || regexp_replace(record_type, '\\+INIT$', '') as kind, count(*)::int as n
     from pg_get_wal_records_info($1, $2)
     where block_ref like '%/' || (select oid from pg_database where datname = current_database()) || '/%' group by 1`,
    [from, to],
  );
  return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]));
}

/** A lease of 100 and a round of it in which every member stores an output. */
async function roundOf(size: number): Promise<() => Promise<unknown>> {
  await engine.enqueue(newRuns(size));
  const { token, runs } = await engine.claim({ max: size });
  const round = advanceRequest({ steps: runs.map((run) => step(run, { output })) });
  return () => session.query("select baton.advance($1, 1, $2)", [token, round]);
}

test("a step writes one row and one index entry, and a round beside them one row of its lease in place", async () => {
  const records = await recordsOf(await roundOf(BATCH));
  measured.push(`WAL records of a round of ${BATCH}: ${JSON.stringify(records)}`);
  const count = (kind: RegExp) => Object.entries(records).reduce((sum, [name, n]) => sum + (kind.test(name) ? n : 0), 0);
  expect(count(/^Heap\/INSERT/)).toBe(BATCH);
  expect(count(/^Btree\/INSERT/)).toBeLessThanOrEqual(BATCH + 2);
  expect(count(/^Heap\/HOT_UPDATE/)).toBe(1);
  expect(count(/^Heap\/(UPDATE|DELETE)/)).toBe(0);
});

test("no update of a hot table touches an index: rows are inserted and deleted, and a lease is updated in place", async () => {
  await using own = await createTestDatabase();
  const calls = engineOf(own);
  await calls.enqueue(newRuns(60));
  const { token, runs } = await calls.claim({ max: 50 });
  // An open transaction keeps old versions of the row from being pruned, as those of other test
  // files do at times, so that the count below is the same in every run: without pruning, a page
  // holds seven versions.
  const [holder, client] = [new pg.Client({ connectionString: own.ownerUrl }), new pg.Client({ connectionString: own.ownerUrl })];
  await Promise.all([holder.connect(), client.connect()]);
  await holder.query("begin isolation level repeatable read");
  await holder.query("select pg_current_xact_id()");
  for (let round = 1; round <= 5; round++) {
    const request = { steps: [step(runs[round]!, { output })], done: [member(runs[round]!)], claim: claimRequest({ max: 5 }) };
    await client.query("select baton.advance($1, $2, $3)", [token, round, advanceRequest(request)]);
  }
  await Promise.all([holder.end(), client.end()]);
  await until("the updates are counted", async () => (await updatesOf(own))[0]?.updates === 5);
  expect(await updatesOf(own)).toEqual([{ table: "lease", updates: 5, in_place: 5 }]);
});

function updatesOf({ query }: TestDatabase) {
  return query<{ table: string; updates: number; in_place: number }>(
    `select regexp_replace(relname, '_\\d+$', '') as table, sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as in_place
     from pg_stat_user_tables where schemaname = 'baton' group by 1 having sum(n_tup_upd) > 0`,
  );
}
