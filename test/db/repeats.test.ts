import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import {
  checkAfterEach,
  engineOf,
  error,
  failure,
  leaseOf,
  member,
  type Member,
  newRun,
  newRuns,
  placesOf,
  step,
} from "../support/engine-calls.ts";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { Database } from "../../shared/db/database.ts";
import { createClient } from "../../shared/client.ts";
import { DatabaseUnknownOutcomeError } from "../../shared/domain/database-errors.ts";
import { cancelRun, redriveRun } from "../../shared/engine/operate/control-runs.ts";
import { systemClock } from "../../shared/engine/ports.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const HOUR = 3_600_000;

/** Claims the one run that is due and lets an attempt of it fail for good. */
async function failOnce(attempt: number): Promise<string> {
  const { token, runs } = await engine.claim();
  const run = runs[0]!;
  await engine.advance(token, 1, { failures: [failure(run, { attempt, delay_ms: null })], failed: [{ ...member(run), error }] });
  await engine.release(token);
  return run.id;
}

async function failedRun(): Promise<string> {
  await engine.enqueue(newRuns(1));
  return failOnce(1);
}

test("a redrive that is sent again after the run failed once more leaves that failure alone", async () => {
  const id = await failedRun();
  expect(await engine.redrives(id)).toBe(0);
  expect(await engine.redrive(id, { redrives: 0 })).toEqual({ status: "failed", redriven: true, changed: true });
  expect(await engine.redrive(id, { redrives: 0 })).toEqual({ status: "unfinished", redriven: true, changed: false });
  await failOnce(2);
  expect(await engine.redrive(id, { redrives: 0 })).toEqual({ status: "failed", redriven: true, changed: false });
  expect(await placesOf(database, id)).toEqual(["failed"]);
  expect(await engine.redrive(id, { redrives: await engine.redrives(id).then(Number) })).toMatchObject({ changed: true });
  expect(await engine.findRun(id)).toMatchObject({ status: "ready", redrives: 2 });
});

test("a redrive of a failure that was never there does nothing", async () => {
  const id = await failedRun();
  expect(await engine.redrive(id, { redrives: 1 })).toEqual({ status: "failed", redriven: false, changed: false });
  expect(await placesOf(database, id)).toEqual(["failed"]);
});

test("a late copy of a cancel that the failure overtook does not stop the run when it was redriven", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const [run] = runs as unknown as readonly [Member];
  expect(await engine.cancel(run.id, { redrives: 0 })).toEqual({ status: "cancelling" });
  await engine.advance(token, 1, { failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] });
  expect(await engine.cancel(run.id, { redrives: 0 })).toEqual({ status: "failed" });
  await engine.redrive(run.id, { redrives: 0 });
  expect(await engine.cancel(run.id, { redrives: 0 })).toEqual({ status: "ready" });
  const next = await engine.claim();
  expect(next.runs).toMatchObject([{ id: run.id }]);
  expect(await engine.cancel(run.id, { redrives: 0 })).toEqual({ status: "running" });
  expect((await engine.advance(next.token, 1)).stopped).toEqual([]);
  expect(await engine.cancel(run.id, { redrives: 1 })).toEqual({ status: "cancelling" });
  expect((await engine.advance(next.token, 2)).stopped).toEqual([run.id]);
});

test("calls by the id alone mean the run as it is, as before", async () => {
  const id = await failedRun();
  const call = async (text: string) => (await database.database.query<{ answer: object }>(`select ${text} as answer`, [id]))[0]!.answer;
  expect(await call("baton.cancel($1::uuid)")).toEqual({ status: "failed" });
  expect(await call("baton.redrive($1::uuid)")).toMatchObject({ status: "failed", redriven: true });
  expect(await call("baton.cancel($1::uuid)")).toEqual({ status: "cancelled" });
});

test("the failures that the last redrive forgave count, also when the clock went back between two redrives", async () => {
  const start = new Date("2026-03-04T05:06:07.890Z");
  await database.setNow(start);
  await engine.enqueue([newRun({ at: start })]);
  await database.advance("1 second");
  const id = await failOnce(1);
  await engine.redrive(id, { redrives: 0 });
  await failOnce(2);
  await database.advance("-1 second");
  await engine.redrive(id, { redrives: 1 });
  await database.advance("2 seconds");
  expect((await engine.claim()).runs).toMatchObject([{ id, failures: { reserve: 2 }, forgiven: { reserve: 2 } }]);
});

test("a cancel that waited while the run went on ends it after everything that was stored meanwhile", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const [run] = runs as unknown as readonly [Member];
  const first = new pg.Client(database.url("operator"));
  await first.connect();
  try {
    await first.query("begin");
    await first.query("select baton.cancel($1)", [run.id]);
    const pid = Number((await first.query("select pg_backend_pid() as pid")).rows[0].pid);
    const waiting = engine.cancel(run.id);
    await until("the second cancel waits", async () => {
      const rows = await database.query("select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))", [pid]);
      return rows.length > 0;
    });
    await database.advance("10 seconds");
    await engine.advance(token, 1, { steps: [step(run)], parks: [{ ...member(run), delay_ms: 0 }] });
    await first.query("rollback");
    expect(await waiting).toEqual({ status: "cancelled" });
  } finally {
    await first.end();
  }
  expect(await placesOf(database, run.id)).toEqual(["cancelled"]);
});

for (const hours of [25, 30 * 24]) {
  test(`runs that are stored are answered again after ${hours} hours, and new ones of that age are refused`, async () => {
    const runs = newRuns(3);
    const first = await engine.enqueue(runs);
    await database.setNow(new Date(Date.now() + hours * HOUR));
    expect(await engine.enqueue(runs)).toMatchObject({ runs: first.runs, nudge: false });
    await expect(engine.enqueue([...runs, newRun()])).rejects.toMatchObject({ sqlstate: "BT010" });
    expect(await database.query("select count(*)::int as runs from baton.run")).toEqual([{ runs: 3 }]);
  });
}

test("runs that are stored are answered again when the clock went back by a day", async () => {
  const runs = newRuns(2);
  const first = await engine.enqueue(runs);
  await database.setNow(new Date(Date.now() - 24 * HOUR));
  expect((await engine.enqueue(runs)).runs.map(({ id }) => id)).toEqual(first.runs.map(({ id }) => id));
});

test("a repeated claim tells the outputs and failures of each run, as the first did", async () => {
  const { token, runs } = await leaseOf(engine, 2);
  const [one, other] = runs as unknown as readonly [Member, Member];
  await engine.advance(token, 1, { steps: [step(one, { output: "kept" })], failures: [failure(other)] });
  await engine.release(token);
  const first = await engine.claim();
  expect(first.runs).toMatchObject([{ outputs: { reserve: "kept" } }, { failures: { reserve: 1 } }]);
  expect((await engine.claim({}, first.token)).runs).toEqual(first.runs);
});

test("a repeated round tells the outputs and failures of the runs that it claimed, as the first did", async () => {
  const held = await leaseOf(engine, 1);
  const { token, runs } = await leaseOf(engine, 2);
  const [one, other] = runs as unknown as readonly [Member, Member];
  await engine.advance(token, 1, { steps: [step(one, { output: "kept" })], failures: [failure(other)] });
  await engine.release(token);
  const refill = { done: held.runs.map(member), claim: { max: 2, max_bytes: 1_000_000, low: {}, manifest: [] } };
  const first = await engine.advance(held.token, 1, refill);
  const told = [
    { id: one.id, outputs: { reserve: "kept" } },
    { id: other.id, failures: { reserve: 1 } },
  ];
  expect(first.runs.toSorted((a, b) => a.id.localeCompare(b.id))).toMatchObject(told);
  expect((await engine.advance(held.token, 1, refill)).runs).toEqual(first.runs);
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const lost = () => new DatabaseUnknownOutcomeError("the answer was lost", {});

/** An operator of whom the first answer to a call is lost; meanwhile something happens. */
function operatorLosing(call: "cancel" | "redrive", meanwhile: () => Promise<unknown>) {
  const runs = runRepository(database.connect("operator"));
  let calls = 0;
  const losing = {
    ...runs,
    [call]: async (...values: Parameters<typeof runs.cancel>) => {
      const answer = await runs[call](...values);
      if (++calls > 1) return answer;
      await meanwhile();
      throw lost();
    },
  };
  return { runs: losing, nudge: async () => {}, clock: systemClock, random: Math.random, logger: silent };
}

test("an operator whose redrive was answered by nobody, while the run failed again, has redriven it once", async () => {
  const id = await failedRun();
  const operator = operatorLosing("redrive", () => failOnce(2));
  expect(await redriveRun(operator, id)).toEqual({ id, status: "failed" });
  expect(await placesOf(database, id)).toEqual(["failed"]);
  expect(await engine.redrives(id)).toBe(1);
});

test("an operator whose cancel was answered by nobody, while the run failed and was redriven, does not stop it, and is told so", async () => {
  const { token, runs } = await leaseOf(engine, 1);
  const [run] = runs as unknown as readonly [Member];
  const operator = operatorLosing("cancel", async () => {
    await engine.advance(token, 1, { failures: [failure(run, { delay_ms: null })], failed: [{ ...member(run), error }] });
    await engine.redrive(run.id);
  });
  await expect(cancelRun(operator, run.id)).rejects.toMatchObject({
    name: "WrongStatusError",
    message: expect.stringMatching(/redriven another number of times/),
  });
  expect(await placesOf(database, run.id)).toEqual(["ready"]);
});

/**
 * A client whose first enqueue is made, or lost on its way, and not answered; meanwhile something
 * happens.
 */
function clientLosing(way: "after" | "before", meanwhile: () => Promise<unknown>) {
  const inner = database.connect("producer");
  const sent: (readonly [string, readonly unknown[] | undefined])[] = [];
  const losing: Database = {
    ...inner,
    async query(text, values, options) {
      sent.push([text, values]);
      if (sent.length > 1) return inner.query(text, values, options);
      if (way === "after") await inner.query(text, values, options);
      await meanwhile();
      throw lost();
    },
  };
  return { client: createClient({ database: losing, logger: silent }), sent, late: () => inner.query(...sent[0]!) };
}

const greet = { name: "fulfil-order", version: 1 } as const;
const stored = async () => (await database.query<{ id: string }>("select id from baton.run")).map(({ id }) => id);

test("an enqueue whose answer was lost is answered by the same run when the database's clock moved back 6 minutes", async () => {
  const { client } = clientLosing("after", () => database.advance("-6 minutes"));
  const { id } = await client.enqueue(greet, {});
  expect(await stored()).toEqual([id]);
});

test("an enqueue with an unknown outcome is never sent with new ids, whatever the database says of their time", async () => {
  const { client, sent, late } = clientLosing("before", () => database.advance("-6 minutes"));
  const refused = client.enqueue(greet, {});
  await expect(refused).rejects.toThrow(DatabaseUnknownOutcomeError);
  await expect(refused).rejects.toThrow(/look for run [0-9a-f-]{36} before you enqueue them again/);
  const ids = sent.map(([, values]) => /"id":\["?([0-9a-f-]{36})|"id":"([0-9a-f-]{36})/.exec(String(values![0]))!.slice(1).join(""));
  expect(new Set(ids).size).toBe(1);
  expect(await stored()).toEqual([]);
  // The next call has ids of the right time at once; the first try, which was only late, makes the
  // one run that it meant.
  const tries = sent.length;
  const next = await client.enqueue(greet, {});
  expect(sent).toHaveLength(tries + 1);
  await database.setNow(null);
  await late();
  expect((await stored()).toSorted()).toEqual([ids[0]!, next.id].toSorted());
});
