import { neon, neonConfig, type NeonDbError } from "@neondatabase/serverless";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fault } from "../../infra/local/faults.ts";
import { createTestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const endpoint = database.neon;
neonConfig.fetchEndpoint = () => endpoint.url;
const sql = neon(database.ownerUrl);

beforeEach(() => database.query("create table effect (id int primary key generated always as identity, name text unique)"));
afterEach(async () => {
  endpoint.inject(undefined);
  await endpoint.idle();
  await database.query("drop table effect");
});

/** Every request meets the fault. */
function meet(fault: Fault): void {
  endpoint.inject(() => fault);
}

async function effects(): Promise<number> {
  return Number((await database.query("select count(*) from effect"))[0]?.["count"]);
}

async function failure(call: Promise<unknown>): Promise<NeonDbError> {
  return call.then(
    () => expect.unreachable("the call should have failed"),
    (error: NeonDbError) => error,
  );
}

const insert = () => sql`insert into effect (name) values (null) returning id`;

test("a fault plan sees the text, whether it is a batch, and a number that grows", async () => {
  const seen: { text: string; batch: boolean; index: number }[] = [];
  endpoint.inject((request) => void seen.push(request));
  await sql`select 1`;
  await sql.transaction([sql`select 2`, sql`select 3`]);
  expect(seen.map(({ text, batch }) => ({ text, batch }))).toEqual([
    { text: "select 1", batch: false },
    { text: "select 2;select 3", batch: true },
  ]);
  expect((seen[1]?.index ?? 0) - (seen[0]?.index ?? 0)).toBe(1);
});

const notExecuted: Fault[] = [{ kind: "drop-before" }, { kind: "status-before", status: 503, body: "busy" }];
const executedUnknown: Fault[] = [
  { kind: "drop-after" },
  { kind: "status-after", status: 502, body: "bad gateway" },
  { kind: "no-code-after" },
  { kind: "truncate" },
  { kind: "garble" },
];
const answered: { fault: Fault; times: number }[] = [
  { fault: { kind: "delay-before", ms: 5 }, times: 1 },
  { fault: { kind: "delay-after", ms: 5 }, times: 1 },
  { fault: { kind: "repeat", times: 3 }, times: 3 },
  { fault: { kind: "repeat-concurrently" }, times: 2 },
  { fault: { kind: "late-copy", ms: 5 }, times: 2 },
];

for (const fault of notExecuted) {
  test(`${fault.kind}: the call fails without a code and nothing was executed`, async () => {
    meet(fault);
    expect((await failure(insert())).code).toBeUndefined();
    expect(await effects()).toBe(0);
  });
}

for (const fault of executedUnknown) {
  test(`${fault.kind}: the call fails without a code although it was committed, a batch too`, async () => {
    meet(fault);
    expect((await failure(insert())).code).toBeUndefined();
    expect((await failure(sql.transaction([insert(), insert()]))).code).toBeUndefined();
    expect(await effects()).toBe(3);
  });
}

for (const { fault, times } of answered) {
  test(`${fault.kind}: the call is answered and was executed ${times} times`, async () => {
    meet(fault);
    const [row] = await insert();
    await endpoint.idle();
    expect(await database.query("select from effect where id = $1", [row?.["id"]])).toHaveLength(1);
    expect(await effects()).toBe(times);
  });
}

test("repeat: the answer is that of the last execution, also when that one failed", async () => {
  meet({ kind: "repeat", times: 2 });
  expect(await failure(sql`insert into effect (name) values ('once')`)).toMatchObject({ code: "23505" });
  expect(await effects()).toBe(1);
});

test("hang: no answer comes and nothing is executed", async () => {
  meet({ kind: "hang" });
  const caller = new AbortController();
  let settled = false;
  const call = failure(sql.query("insert into effect (name) values ('never')", [], { fetchOptions: { signal: caller.signal } })).finally(
    () => {
      settled = true;
    },
  );
  const { requests } = endpoint.stats;
  await until("the request has arrived", () => endpoint.stats.requests > requests);
  await endpoint.idle();
  expect(settled).toBe(false);
  caller.abort();
  await call;
  expect(await effects()).toBe(0);
});

test("delay-before: a request whose caller gave up is executed all the same", async () => {
  meet({ kind: "delay-before", ms: 50 });
  const caller = new AbortController();
  const { requests } = endpoint.stats;
  const call = failure(sql.query("insert into effect (name) values ('late')", [], { fetchOptions: { signal: caller.signal } }));
  await until("the request has arrived", () => endpoint.stats.requests > requests);
  caller.abort();
  await call;
  await endpoint.idle();
  expect(await effects()).toBe(1);
});
