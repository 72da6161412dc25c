import { randomUUID } from "node:crypto";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import type { ClaimedRun, ManifestEntry } from "../../shared/domain/protocol.ts";
import { createTestDatabase, type Role } from "../support/database.ts";
import { advanceRequest, checkAfterEach, claimRequest, engineOf, error, leaseOf, member, placesOf, step } from "../support/engine-calls.ts";
import { interleave } from "../support/interleaving.ts";
import { explainingSession } from "../support/plans.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const MONTH = 30 * 24 * 3_600_000;
const plain: ManifestEntry = { name: "fulfil-order", version: 1, shape: "new" };
const manifest: ManifestEntry[] = [{ ...plain, waits: true }];

const signalOf = (run: string, body = 5) => ({ run, name: "paid", body });
const sent = (run: string) => ({ role: "producer" as const, text: "baton.signal($1)", values: [JSON.stringify(signalOf(run))] });
const operate = (name: string, run: string) => ({ role: "operator" as const, text: `baton.${name}($1)`, values: [run] });
const messages = () => database.query("select run_id as run, body from baton.message order by n");
const failed = (run: ClaimedRun) => ({ failed: [{ ...member(run), error }] });
const waits = (runs: readonly ClaimedRun[], delayMs: number) => ({
  waits: runs.map((run) => ({ ...member(run), delay_ms: delayMs, bytes: 2, names: ["paid"] })),
});

/** A lease of runs that have waited before. */
async function leasedAgain(count = 1) {
  const { token, runs } = await leaseOf(engine, count);
  await engine.advance(token, 1, waits(runs, 0));
  return engine.claim({ manifest });
}

/** A session with an open transaction, in which one call was made. */
async function open(role: Role, text: string, values: readonly unknown[]) {
  const session = new pg.Client(database.url(role));
  await session.connect();
  onTestFinished(() => session.end());
  await session.query("begin");
  await session.query("set local statement_timeout = '20s'");
  const { rows } = await session.query(`select ${text} as answer`, [...values]);
  return { answer: rows[0].answer as Record<string, unknown>, commit: () => session.query("commit") };
}

for (const [sentBodies, what] of [
  [[1], "that the same round takes, the wait times out"],
  [[1, 2], "and another behind it, nothing of the run is stored"],
] as const) {
  test(`a timeout beside a message ${what}`, async () => {
    const { token, runs } = await leasedAgain();
    const [run] = runs;
    for (const body of sentBodies) await engine.signal(signalOf(run!.id, body));
    const [oldest] = await database.query<{ n: number }>("select min(n)::int as n from baton.message");
    const timeouts = [{ ...member(run!), names: ["paid"] }];
    const answer = await engine.advance(token, 1, { timeouts, consumed: [{ ...member(run!), n: oldest!.n }], ...failed(run!) });
    const isLate = sentBodies.length > 1;
    expect(answer.late).toEqual(isLate ? [run!.id] : []);
    expect(await placesOf(database, run!.id)).toEqual([isLate ? "ready" : "failed"]);
    expect(await messages()).toHaveLength(isLate ? 2 : 0);
  });
}

for (const [what, leased] of [
  ["never waited", () => leaseOf(engine, 1)],
  ["waited before", leasedAgain],
] as const) {
  test(`a run that has ${what} is deleted with the message of a sender whose transaction ends later`, async () => {
    const { token, runs } = await leased();
    const sender = await open("producer", "baton.signal($1)", [JSON.stringify(signalOf(runs[0]!.id))]);
    expect(sender.answer).toMatchObject({ status: "accepted" });
    await engine.advance(token, 1, failed(runs[0]!));
    const deleting = database.query("select baton.delete_run($1) as answer", [runs[0]!.id]);
    await expect
      .poll(() => database.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))
      .toHaveLength(1);
    await sender.commit();
    expect(await deleting).toMatchObject([{ answer: { deleted: true, changed: true } }]);
    expect(await messages()).toEqual([]);
  });

  test(`a run that has ${what}: delete, then signal: the sender waits, and finds no run`, async () => {
    const { token, runs } = await leased();
    await engine.advance(token, 1, failed(runs[0]!));
    const { second } = await interleave(database, operate("delete_run", runs[0]!.id), sent(runs[0]!.id));
    expect(second).toMatchObject({ waited: true, answer: { status: "unknown" } });
  });

  test(`a run that has ${what}: signal, then redrive: the operator waits for nobody, and the sender is told that it had ended`, async () => {
    const { token, runs } = await leased();
    await engine.advance(token, 1, failed(runs[0]!));
    const { first, second } = await interleave(database, sent(runs[0]!.id), operate("redrive", runs[0]!.id));
    expect([first, second]).toMatchObject([{ status: "ended" }, { waited: false, answer: { changed: true } }]);
    expect(await placesOf(database, runs[0]!.id)).toEqual(["ready"]);
  });
}

test("a message that was accepted while its run failed is there after a redrive", async () => {
  const { token, runs } = await leasedAgain();
  const { second } = await interleave(database, sent(runs[0]!.id), {
    role: "poller",
    text: "baton.advance($1, 1, $2)",
    values: [token, advanceRequest(failed(runs[0]!))],
  });
  expect(second).toMatchObject({ waited: false, answer: { lost: [] } });
  expect(await placesOf(database, runs[0]!.id)).toEqual(["failed"]);
  await engine.redrive(runs[0]!.id);
  expect((await engine.claim({ manifest })).runs).toMatchObject([{ mail: { letters: [{ name: "paid", body: 5 }] } }]);
});

for (const [what, facts] of [
  ["park", (runs: readonly ClaimedRun[]) => waits(runs, MONTH)],
  [
    "time out",
    (runs: readonly ClaimedRun[]) => ({ timeouts: runs.map((run) => ({ ...member(run), names: ["paid"] })), ...waits(runs, MONTH) }),
  ],
] as const) {
  test(`an idle sender has the mail of one of 100 runs that have waited before and now ${what}: the round stores the others, and waits for nobody`, async () => {
    const { token, runs } = await leasedAgain(100);
    const sender = await open("producer", "baton.signal($1)", [JSON.stringify(signalOf(runs[7]!.id))]);
    const round = advanceRequest({ steps: runs.map((run) => step(run)), ...facts(runs) });
    await (await open("poller", "baton.advance($1, 1, $2)", [token, round])).commit();
    const soon = await database.query("select run_id as id from baton.ready where run_at <= baton.now() + interval '1 second'");
    expect(soon).toEqual([{ id: runs[7]!.id }]);
    const [stored] = await database.query<{ n: number }>("select count(*)::int as n from baton.checkpoint");
    expect(stored!.n).toBe(what === "park" ? 100 : 99);
    await sender.commit();
    await database.advance("1 second");
    expect((await engine.claim({ manifest })).runs).toMatchObject([{ id: runs[7]!.id, mail: { letters: [{ body: 5 }] } }]);
  });
}

test("a repair wakes a run whose signal is there, and no other", async () => {
  const { token, runs } = await leaseOf(engine, 3);
  await engine.advance(token, 1, waits(runs, MONTH));
  for (const run of runs.slice(0, 2)) await engine.signal({ ...signalOf(run.id), name: run === runs[0] ? "paid" : "other" });
  await database.query("update baton.ready set run_at = baton.now() + interval '1 day'");
  expect(await database.query("select baton.repair() as n")).toEqual([{ n: 1 }]);
  expect(await Promise.all(runs.map((run) => placesOf(database, run.id)))).toEqual([["ready"], ["waiting"], ["waiting"]]);
});

test("a claim and a round of workflows that never wait look at no mail", async () => {
  const looks: string[][] = [];
  for (const known of [[plain], manifest]) {
    await leasedAgain(3);
    await database.query("delete from baton.lease");
    await database.query("select baton.repair()");
    await using session = await explainingSession(database.ownerUrl);
    const token = randomUUID();
    const claim = await session.call("baton.claim($1, $2)", token, JSON.stringify(claimRequest({ manifest: known })));
    const { runs } = claim.answer as { runs: ClaimedRun[] };
    const round = advanceRequest({ parks: runs.slice(1).map((run) => ({ ...member(run), delay_ms: 0 })), done: [member(runs[0]!)] });
    const advance = await session.call("baton.advance($1, $2, $3)", token, 1, round);
    const seen = [...claim.ran, ...advance.ran].flatMap(({ scans }) => scans.map(({ relation }) => relation));
    looks.push([...new Set(seen)].filter((relation) => relation === "wait" || relation === "message"));
    await database.query("delete from baton.ready; delete from baton.wait");
    await database.query("insert into baton.ending select id, 'done', null, baton.now() from baton.run on conflict do nothing");
  }
  expect(looks).toEqual([[], ["wait", "message"]]);
});
