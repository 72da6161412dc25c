import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { AdvanceRequest, ClaimAnswer } from "../../shared/domain/protocol.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  block,
  claimRequest,
  emptied,
  error,
  failure,
  member,
  type Member,
  newRuns,
  sleep,
  step,
} from "../support/engine-calls.ts";
import { explainingSession, PARTITIONED, type Ran, sequentialScans, takingScans } from "../support/plans.ts";

type Session = Awaited<ReturnType<typeof explainingSession>>;

const MAX = 20;

let database: TestDatabase;
afterEach(() => database[Symbol.asyncDispose]());

/** A poller's life with every kind of call; gives all statements that ran, by call. */
async function workedThrough(session: Session): Promise<Map<string, Ran[]>> {
  const ran = new Map<string, Ran[]>();
  const call = async <Answer>(name: string, text: string, ...values: unknown[]): Promise<Answer> => {
    const { answer, ran: statements } = await session.call(text, ...values);
    ran.set(name, [...(ran.get(name) ?? []), ...statements]);
    return answer as Answer;
  };
  const claim = (facts = {}, name = "claim") =>
    call<ClaimAnswer>(name, "baton.claim($1, $2)", token, JSON.stringify(claimRequest({ max: MAX, ...facts })));
  const advance = (round: number, facts: Partial<AdvanceRequest>) =>
    call<ClaimAnswer>("advance", "baton.advance($1, $2, $3)", token, round, advanceRequest(facts));
  let token: string = randomUUID();
  await call("enqueue", "baton.enqueue($1)", JSON.stringify({ runs: newRuns(MAX + 10, { priority: 0 }) }));
  await call(
    "enqueue",
    "baton.enqueue($1)",
    JSON.stringify({
      runs: newRuns(3, { key: "k", hash: "h", delay_ms: 60_000 }),
      request: { workflow: "fulfil-order", key: randomUUID(), hash: "h" },
    }),
  );
  const runs: readonly Member[] = (await claim()).runs;
  const [first, second, third, fourth, fifth, sixth, ...rest] = runs as [Member, Member, Member, Member, Member, Member, ...Member[]];
  await claim();
  await advance(1, { steps: rest.map((run) => step(run)), failures: [failure(first)], sleeps: [sleep(fourth)] });
  await call("cancel", "baton.cancel($1)", sixth.id);
  await advance(2, {
    failures: [failure(first, { attempt: 2, delay_ms: null })],
    failed: [{ ...member(first), error }],
    done: [member(second)],
    parks: [{ ...member(third), delay_ms: 0 }],
    blocked: [block(fifth)],
    claim: claimRequest({ max: 5 }),
  });
  await advance(2, { claim: claimRequest({ max: 5 }) });
  for (const { id } of [first, second, third, fourth, fifth, rest[0]!]) {
    await call("state", "baton.state($1)", id);
    await call("find_run", "baton.find_run($1)", id);
    await call("list_steps", "baton.list_steps($1, $2)", id, JSON.stringify({ under: "reserve", limit: 5 }));
  }
  await call("redrive", "baton.redrive($1)", first.id);
  await call("cancel", "baton.cancel($1)", fourth.id);
  await call("release", "baton.release($1)", token);
  token = randomUUID();
  await claim({ manifest: [{ name: "fulfil-order", version: 1, shape: "new" }] });
  await database.query("update baton.lease set expires_at = now() - interval '1 hour'");
  await call("tick", "baton.tick()");
  token = randomUUID();
  await claim({ suspects: true }, "claim suspects");
  await call("list_runs", "baton.list_runs($1)", JSON.stringify({ limit: 5 }));
  await call(
    "list_runs",
    "baton.list_runs($1)",
    JSON.stringify({ limit: 5, before: first.id, workflow: "fulfil-order", status: "failed" }),
  );
  return ran;
}

function expectNoSequentialScan(ran: Map<string, Ran[]>): void {
  const sequential = [...ran].flatMap(([call, statements]) => sequentialScans(statements).map((found) => `${call} ${found}`));
  expect([...new Set(sequential)]).toEqual([]);
}

/**
 * All runs are of this week, so a statement that looks into another week's partition did not prune.
 */
function expectOnePartition(ran: Map<string, Ran[]>): void {
  let lookups = 0;
  for (const [call, statements] of ran) {
    if (call === "list_runs") continue;
    for (const { statement, scans } of statements) {
      const partitions = scans.flatMap(({ relation }) => PARTITIONED.exec(relation)?.[2] ?? []);
      lookups += partitions.length;
      expect([call, statement, new Set(partitions).size <= 1]).toEqual([call, statement, true]);
    }
  }
  expect(lookups).toBeGreaterThan(50);
}

/**
 * Every look at ready that takes runs out of it goes along the claim order, and sees no more rows
 * than may be taken.
 */
function expectBoundedClaims(ran: Map<string, Ran[]>): void {
  for (const [call, most] of [
    ["claim", MAX],
    ["claim suspects", 64],
    ["advance", 5],
  ] as const) {
    const scans = takingScans(ran.get(call)!);
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans) expect(scan).toMatchObject({ type: "Index Scan", index: "ready_claim_order" });
    expect([call, Math.max(...scans.map(({ rows }) => rows)) <= most]).toEqual([call, true]);
  }
}

const situations: [what: string, prepare: (session: Session) => Promise<unknown>][] = [
  ["no rows and no statistics", async () => undefined],
  ["no rows, and statistics of that", () => database.query("analyze")],
  ["5,000 runs and no statistics", () => fill()],
  ["5,000 runs and statistics", () => fill().then(() => database.query("vacuum analyze"))],
  ["5,000 runs, and statistics and cached plans of an empty table", (session) => grown(session)],
];

async function fill(): Promise<void> {
  for (let i = 0; i < 5; i++) await database.query("select baton.enqueue($1)", [JSON.stringify({ runs: newRuns(1_000) })]);
}

async function grown(session: Session): Promise<void> {
  await database.query("analyze");
  await workedThrough(session);
  await emptied(database);
  await fill();
}

for (const [what, prepare] of situations) {
  test(`with ${what}, every look-up reads one partition by key and a claim reads what it takes`, async () => {
    database = await createTestDatabase();
    await using session = await explainingSession(database.ownerUrl);
    await prepare(session);
    const ran = await workedThrough(session);
    expectNoSequentialScan(ran);
    expectOnePartition(ran);
    expectBoundedClaims(ran);
    await database.assertInvariants();
  });
}

for (const setting of ["enable_hashjoin", "enable_mergejoin", "enable_nestloop", "enable_bitmapscan"]) {
  test(`a claim reads what it takes with ${setting} = off, at 5,000 runs`, async () => {
    database = await createTestDatabase();
    await using session = await explainingSession(database.ownerUrl, [`set ${setting} = off`]);
    await fill();
    await database.query("analyze");
    const ran = await workedThrough(session);
    expectNoSequentialScan(ran);
    expectBoundedClaims(ran);
  });
}

test("a page of runs reads each row that it shows twice, to find it and to show it, and no other, at any depth", async () => {
  database = await createTestDatabase();
  await using session = await explainingSession(database.ownerUrl);
  await fill();
  await database.query("analyze");
  const [deep] = await database.query("select id from baton.run order by id offset 100 limit 1");
  for (const before of [undefined, deep!["id"] as string]) {
    const { ran } = await session.call("baton.list_runs($1)", JSON.stringify({ limit: 10, before }));
    const rows = ran
      .flatMap(({ scans }) => scans.filter(({ relation }) => relation.startsWith("run_")))
      .reduce((sum, scan) => sum + scan.rows, 0);
    expect(rows).toBeLessThanOrEqual(2 * 10);
  }
});
