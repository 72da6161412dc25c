import { randomUUID } from "node:crypto";
import pg from "pg";
import { expect, test } from "vitest";
import type { AdvanceRequest, ClaimedRun as Member } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  checkAfterEach,
  claimRequest,
  engineOf,
  error,
  leaseOf,
  member,
  newRuns,
  placesOf,
  step,
} from "../support/engine-calls.ts";
import { type Call, interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const engine = engineOf(database);
checkAfterEach(database);

const MONTH = 30 * 24 * 3_600_000;
const manifest = [{ name: "fulfil-order", version: 1, shape: "new", waits: true as const }];

const signal = (run: string, more: object = {}): Call => ({
  role: "producer",
  text: "baton.signal($1)",
  values: [JSON.stringify({ run, name: "paid", body: 5, ...more })],
});
const advance = (token: string, facts: Partial<AdvanceRequest>, round = 1): Call => ({
  role: "poller",
  text: `baton.advance($1, ${round}, $2)`,
  values: [token, advanceRequest(facts)],
});
const claim = (token: string = randomUUID()): Call => ({
  role: "poller",
  text: "baton.claim($1, $2)",
  values: [token, JSON.stringify(claimRequest({ manifest }))],
});
const operate = (name: string, id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });
const tick: Call = { role: "poller", text: "baton.tick()", values: [] };

const parkOf = (run: Member, delayMs = MONTH) => ({ waits: [{ ...member(run), delay_ms: delayMs, bytes: 2, names: ["paid"] }] });
const timeOutOf = (run: Member) => ({ timeouts: [{ ...member(run), names: ["paid"] }] });

interface Held {
  readonly token: string;
  readonly run: Member;
}

async function leasedRun(): Promise<Held> {
  const { token, runs } = await leaseOf(engine, 1);
  return { token, run: runs[0]! };
}

/** A run that has waited before, and is in a lease again. */
async function leasedAgain(): Promise<Held> {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, parkOf(run, 0));
  return claimAgain();
}

async function claimAgain(): Promise<Held> {
  const { token, runs } = await engine.claim({ manifest });
  return { token, run: runs[0]! };
}

async function waitingRun(delayMs = MONTH): Promise<string> {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, parkOf(run, delayMs));
  return run.id;
}

const messages = () => database.query("select run_id as run, name, body from baton.message order by n");

test("a signal is accepted, repeated by its id, refused with its reason, and of no run unknown", async () => {
  const id = await waitingRun();
  expect(await engine.signal({ run: id, name: "paid", body: 5, id: "a" })).toEqual({ status: "accepted", woken: true });
  expect(await engine.signal({ run: id, name: "paid", body: 5, id: "a" })).toEqual({ status: "repeated", woken: false });
  await expect(engine.signal({ run: id, name: "paid", body: 6, id: "a" })).rejects.toMatchObject({ sqlstate: "BT011" });
  expect(await engine.signal({ run: randomUUID(), name: "paid", body: 5 })).toEqual({ status: "unknown", woken: false });
  const refused = [{ workflow: "fulfil-order", version: 1 }];
  expect(await engine.signal({ run: id, name: "paid", body: 5, refused })).toMatchObject({ status: "refused", ...refused[0] });
  expect(await messages()).toEqual([{ run: id, name: "paid", body: 5 }]);
  await database.advance("8 days");
  expect(await engine.signal({ run: id, name: "paid", body: 5, id: "a" })).toEqual({ status: "accepted", woken: false });
});

test("a signal of another shape is refused, with what is wrong, and nothing is stored", async () => {
  const run = randomUUID();
  for (const [request, problem] of [
    [{ name: "paid", body: 1 }, "lacks the key"],
    [{ run: "x", name: "paid", body: 1 }, 'the run of the signal is "x"'],
    [{ run, name: "Paid!", body: 1 }, 'the signal has the name "Paid!"'],
    [{ run, name: "paid", body: 1, id: "" }, "0 characters"],
    [{ run, name: "paid", body: 1, when: 1 }, 'unknown key "when"'],
    [{ run, name: "paid", body: "x".repeat(65_536) }, "more than 65536"],
  ] as const)
    await expect(engine.signal(request as never)).rejects.toThrow(problem);
  expect(await messages()).toEqual([]);
});

test("a run that has ended takes none, and one with 1,000 or 1 MiB is full, and not after some are taken", async () => {
  const { token, run } = await leasedRun();
  await engine.advance(token, 1, { failed: [{ ...member(run), error }] });
  expect(await engine.signal({ run: run.id, name: "paid", body: 5 })).toEqual({ status: "ended", woken: false });
  const [many, large] = [await waitingRun(), await waitingRun()];
  await database.query(
    "insert into baton.message (run_id, name, body, at) select $1, 'other', '1', baton.now() from generate_series(1, 1000)",
    [many],
  );
  await database.query(
    "insert into baton.message (run_id, name, body, at) values ($1, 'other', to_jsonb(repeat('x', 1048576)), baton.now())",
    [large],
  );
  for (const id of [many, large])
    expect(await engine.signal({ run: id, name: "paid", body: 5, id: "a" })).toEqual({ status: "full", woken: false });
  await database.query("delete from baton.message where n = (select min(n) from baton.message)");
  expect(await engine.signal({ run: many, name: "paid", body: 5, id: "a" })).toMatchObject({ status: "accepted" });
});

test("a claim brings of each awaited name the oldest, a round takes it away, and one that stays may ask", async () => {
  const id = await waitingRun();
  for (const body of [1, 2]) await engine.signal({ run: id, name: "paid", body });
  await engine.signal({ run: id, name: "other", body: 3 });
  const { token, run } = await claimAgain();
  expect(run.mail).toMatchObject({ names: ["paid"], letters: [{ name: "paid", body: 1 }] });
  const named = { ...member(run), names: ["paid", "other"] };
  const round = { consumed: [{ ...member(run), n: run.mail!.letters[0]!.n }], asks: [named] };
  for (const _ of [1, 2])
    expect((await engine.advance(token, 1, round)).mail).toMatchObject({
      [id]: {
        letters: [
          { name: "paid", body: 2 },
          { name: "other", body: 3 },
        ],
      },
    });
  expect(await messages()).toHaveLength(2);
});

test("a run that is stopped by the round that stores its answer has taken it: its parent's redrive may let it go on", async () => {
  const id = await waitingRun();
  for (const body of [1, 2]) await engine.signal({ run: id, name: "paid", body });
  const { token, run } = await claimAgain();
  await engine.cancel(id);
  const taken = { steps: [step(run)], consumed: [{ ...member(run), n: run.mail!.letters[0]!.n }] };
  expect(await engine.advance(token, 1, taken)).toMatchObject({ stopped: [id] });
  expect(await database.query("select body from baton.message where run_id = $1", [id])).toEqual([{ body: 2 }]);
});

for (const [what, held] of [
  ["a run that has never waited", leasedRun],
  ["a run that has waited before", leasedAgain],
] as const) {
  test(`${what}: signal, then park: the round waits for nobody, and the run is due when the signal is there`, async () => {
    const { token, run } = await held();
    const { first, second } = await interleave(database, signal(run.id), advance(token, parkOf(run)));
    expect([first, second]).toMatchObject([{ status: "accepted", woken: false }, { waited: false }]);
    await database.advance("1 second");
    const again = await claimAgain();
    await engine.advance(again.token, 1, parkOf(again.run));
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
  });

  test(`${what}: signal that is rolled back, then park: the run waits a second, and then for its signal`, async () => {
    const { token, run } = await held();
    await interleave(database, signal(run.id), advance(token, parkOf(run)), "rollback");
    await database.advance("1 second");
    const again = await claimAgain();
    await engine.advance(again.token, 1, parkOf(again.run));
    expect(await placesOf(database, run.id)).toEqual(["waiting"]);
  });

  test(`${what}: park, then signal: the sender waits for the round, and wakes the run`, async () => {
    const { token, run } = await held();
    const { second } = await interleave(database, advance(token, parkOf(run)), signal(run.id));
    expect(second).toMatchObject({ waited: true, answer: { status: "accepted", woken: true } });
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
    expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ body: 5 }] });
  });

  test(`${what}: a signal that was there before makes its park due at once`, async () => {
    const { token, run } = await held();
    await engine.signal({ run: run.id, name: "paid", body: 5 });
    await engine.advance(token, 1, parkOf(run));
    expect(await placesOf(database, run.id)).toEqual(["ready"]);
  });
}

test("signal, then claim: the claim passes over the run, and the next one has it with its signal", async () => {
  const id = await waitingRun();
  const { first, second } = await interleave(database, signal(id), claim());
  expect([first, second]).toMatchObject([{ woken: true }, { waited: false, answer: { runs: [] } }]);
  expect((await claimAgain()).run).toMatchObject({ id, mail: { letters: [{ body: 5 }] } });
});

test("claim at the deadline, then signal: the signal is stored, and the wait does not time out", async () => {
  const id = await waitingRun(0);
  const token = randomUUID();
  const { first, second } = await interleave(database, claim(token), signal(id));
  expect([first, second]).toMatchObject([{ runs: [{ id, mail: { letters: [] } }] }, { answer: { status: "accepted" } }]);
  const [run] = (first as unknown as { runs: Member[] }).runs;
  const failed = { ...timeOutOf(run!), failed: [{ ...member(run!), error }] };
  for (const _ of [1, 2]) expect(await engine.advance(token, 1, failed)).toMatchObject({ late: [id], lost: [] });
  expect(await placesOf(database, id)).toEqual(["ready"]);
  expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ body: 5 }] });
});

test("signal, then timeout: the round waits for nobody, and nothing of the run is stored", async () => {
  const { token, run } = await leasedAgain();
  const failed = { ...timeOutOf(run), failed: [{ ...member(run), error }] };
  const { second } = await interleave(database, signal(run.id), advance(token, failed));
  expect(second).toMatchObject({ waited: false, answer: { late: [run.id], lost: [] } });
  expect(await placesOf(database, run.id)).toEqual(["waiting"]);
  await database.advance("1 second");
  expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ body: 5 }] });
});

test("timeout that ends the run, then signal: the sender waits, and is told that it has ended", async () => {
  const { token, run } = await leasedAgain();
  const failed = { ...timeOutOf(run), failed: [{ ...member(run), error }] };
  const { second } = await interleave(database, advance(token, failed), signal(run.id));
  expect(second).toMatchObject({ waited: true, answer: { status: "ended" } });
  expect(await messages()).toEqual([]);
});

test("timeout that goes on, then signal: the signal stays for a later wait", async () => {
  const { token, run } = await leasedAgain();
  const { second } = await interleave(database, advance(token, { ...timeOutOf(run), ...parkOf(run) }), signal(run.id, { name: "later" }));
  expect(second).toMatchObject({ waited: true, answer: { status: "accepted", woken: false } });
  expect(await messages()).toMatchObject([{ name: "later" }]);
});

test("a round with statements whose wait has a signal is refused as a whole", async () => {
  const { token, run } = await leasedAgain();
  await engine.signal({ run: run.id, name: "paid", body: 5 });
  await expect(engine.advanceWith(token, 1, timeOutOf(run), [{ text: "select 1" }])).rejects.toMatchObject({ sqlstate: "BT003" });
});

test("signal, then cancel: the cancel waits for nobody, and stops the run when it is claimed", async () => {
  const id = await waitingRun();
  const { second } = await interleave(database, signal(id), operate("cancel", id));
  expect(second).toMatchObject({ waited: false, answer: { status: "cancelling" } });
  expect(await engine.claim({ manifest })).toMatchObject({ runs: [] });
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
});

test("signal, then a tick that applies a stop: the tick waits for nobody", async () => {
  const id = await waitingRun();
  await database.query("insert into baton.control values ($1, 'cancel', baton.now())", [id]);
  const { second } = await interleave(database, signal(id), tick);
  expect(second).toMatchObject({ waited: false, answer: { stopped: 0 } });
  expect(await engine.tick()).toMatchObject({ stopped: 1 });
});

test("cancel, then signal: the run is cancelled, whatever the sender was told", async () => {
  const id = await waitingRun();
  await interleave(database, operate("cancel", id), signal(id));
  expect(await placesOf(database, id)).toEqual(["cancelled"]);
  expect(await engine.signal({ run: id, name: "paid", body: 5 })).toMatchObject({ status: "ended" });
});

test("redrive, then signal: who sends before the redrive is there is told that the run has ended", async () => {
  const { token, run } = await leasedAgain();
  await engine.advance(token, 1, { failed: [{ ...member(run), error }] });
  expect((await interleave(database, operate("redrive", run.id), signal(run.id))).second).toMatchObject({ answer: { status: "ended" } });
  expect(await engine.signal({ run: run.id, name: "paid", body: 5 })).toMatchObject({ status: "accepted" });
});

test("signal, then reap: the reaper waits for nobody, and the run goes on with its signal", async () => {
  const { run } = await leasedAgain();
  await database.advance("31 seconds");
  const { second } = await interleave(database, signal(run.id), tick);
  expect(second).toMatchObject({ waited: false, answer: { crashed: 1 } });
  const { runs } = await engine.claim({ manifest, suspects: true });
  expect(runs).toMatchObject([{ id: run.id, mail: { letters: [{ body: 5 }] } }]);
});

test("a sender that idles in its transaction holds up one run for a second, and no round", async () => {
  const { token, runs } = await leaseOf(engine, newRuns(100));
  const sender = new pg.Client(database.url("producer"));
  await sender.connect();
  await sender.query("begin");
  await sender.query("select baton.signal($1)", [JSON.stringify({ run: runs[7]!.id, name: "paid", body: 5 })]);
  await engine.advance(token, 1, { waits: runs.flatMap((run) => parkOf(run).waits) });
  const [ready] = await database.query<{ soon: number; later: number }>(
    `select count(*) filter (where run_at <= baton.now() + interval '1 second')::int as soon,
       count(*) filter (where run_at > baton.now() + interval '29 days')::int as later from baton.ready`,
  );
  expect(ready).toEqual({ soon: 1, later: 99 });
  await sender.query("rollback");
  await sender.end();
});

test("a week that goes takes the waits and messages of its runs along, and so does a delete", async () => {
  const { token, run } = await leasedAgain();
  await engine.signal({ run: run.id, name: "paid", body: 5 });
  await engine.advance(token, 1, { failed: [{ ...member(run), error }] });
  await database.query("select baton.delete_run($1)", [run.id]);
  expect(await database.query("select run_id from baton.message union select run_id from baton.wait")).toEqual([]);
});
