import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import {
  advance,
  answer,
  type Answer,
  answeredRuns,
  claim,
  expired,
  failed,
  makeAndIdle,
  manifest,
  operate,
  parkOf,
  requests,
  tick,
  timedOut,
} from "../support/answered-runs.ts";
import { createTestDatabase } from "../support/database.ts";
import { checkAfterEach, leaseOf, newRuns, placesOf, step } from "../support/engine-calls.ts";
import { interleave } from "../support/interleaving.ts";

const database = await createTestDatabase();
const { engine, claimAgain, leasedRun, leasedAgain, waitingRun, endedRun, send, names } = answeredRuns(database);
checkAfterEach(database);

const kinds = Object.keys(requests) as Answer[];
const nameOf = (kind: Answer) => requests[kind]("").name;
/** What a run waits for; it is woken by it, and does not time out beside it. */
const answers = kinds.filter((kind) => kind !== "beat");
const outcomes = { decide: expired, complete: timedOut, fail: timedOut, beat: timedOut };

for (const kind of kinds) {
  const isAnswer = kind !== "beat";
  for (const [what, held] of [
    ["has never waited", leasedRun],
    ["has waited before", leasedAgain],
  ] as const) {
    for (const end of ["commit", "rollback"] as const) {
      test(`${kind}, then park, of a run that ${what}, and ${end}: the round waits for nobody, and a second later the run knows`, async () => {
        const { token, run } = await held();
        const { first, second } = await interleave(database, answer(kind, run.id), advance(token, parkOf(run)), end);
        expect([first, second]).toMatchObject([
          { status: "accepted", woken: false },
          { waited: false, sqlstate: undefined },
        ]);
        expect(await placesOf(database, run.id)).toEqual(["waiting"]);
        await database.advance("1 second");
        const again = await claimAgain();
        await engine.advance(again.token, 1, parkOf(again.run));
        expect(await placesOf(database, run.id)).toEqual([isAnswer && end === "commit" ? "ready" : "waiting"]);
      });
    }

    test(`park, then ${kind}, of a run that ${what}: the sender waits for the round, and ${isAnswer ? "wakes the run" : "wakes nobody"}`, async () => {
      const { token, run } = await held();
      const { second } = await interleave(database, advance(token, parkOf(run)), answer(kind, run.id));
      expect(second).toMatchObject({ waited: true, answer: { status: "accepted", woken: isAnswer } });
      expect(await placesOf(database, run.id)).toEqual([isAnswer ? "ready" : "waiting"]);
      if (isAnswer) expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ name: nameOf(kind) }] });
    });
  }

  test(`claim at the deadline, then ${kind}: the sender waits for the claim at most, and the wait does not time out`, async () => {
    const id = await waitingRun(0);
    const token = randomUUID();
    const { first, second } = await interleave(database, claim(token), answer(kind, id));
    expect([first, second]).toMatchObject([{ runs: [{ id, mail: { letters: [] } }] }, { answer: { status: "accepted", woken: false } }]);
    const [run] = (first as unknown as { runs: ClaimedRun[] }).runs;
    for (const _ of [1, 2]) expect(await engine.advance(token, 1, outcomes[kind](run!))).toMatchObject({ late: [id], lost: [] });
    expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ name: nameOf(kind) }] });
  });

  test(`${kind}, then claim at the deadline: the claim waits for nobody, and its round does not time the wait out`, async () => {
    const id = await waitingRun(0);
    const token = randomUUID();
    const { second } = await interleave(database, answer(kind, id), claim(token));
    expect(second).toMatchObject({ waited: false, answer: { runs: [{ id, mail: { letters: [] } }] } });
    const [run] = (second.answer as unknown as { runs: ClaimedRun[] }).runs;
    expect(await engine.advance(token, 1, outcomes[kind](run!))).toMatchObject({ late: [id] });
    expect(await names()).toEqual([nameOf(kind)]);
  });

  test(`${kind}, then timeout: the round waits for nobody, and nothing of the run is stored`, async () => {
    const { token, run } = await leasedAgain();
    const { second } = await interleave(database, answer(kind, run.id), advance(token, outcomes[kind](run)));
    expect(second).toMatchObject({ waited: false, answer: { late: [run.id], lost: [] } });
    expect(await database.query("select node from baton.checkpoint union select node from baton.failure")).toEqual([]);
    await database.advance("1 second");
    expect((await claimAgain()).run.mail).toMatchObject({ letters: [{ name: nameOf(kind) }] });
  });

  test(`timeout, then ${kind}: the sender waits for the round, and is told that it came too late`, async () => {
    const { token, run } = await leasedAgain();
    const { second } = await interleave(database, advance(token, outcomes[kind](run)), answer(kind, run.id));
    expect(second).toMatchObject({ waited: true, answer: { status: kind === "decide" ? "answered" : "superseded", woken: false } });
    expect(await names()).toEqual([]);
  });

  test(`timeout that is rolled back, then ${kind}: the sender waits, and is accepted`, async () => {
    const { token, run } = await leasedAgain();
    const { second } = await interleave(database, advance(token, outcomes[kind](run)), answer(kind, run.id), "rollback");
    expect(second).toMatchObject({ waited: true, answer: { status: "accepted" } });
    expect(await engine.advance(token, 1, outcomes[kind](run))).toMatchObject({ late: [run.id] });
  });

  test(`${kind}, then cancel: the cancel waits for nobody, and the run is stopped when it is claimed, if not at once`, async () => {
    const id = await waitingRun();
    const { second } = await interleave(database, answer(kind, id), operate("cancel", id));
    expect(second).toMatchObject({ waited: false, answer: { status: isAnswer ? "cancelling" : "cancelled" } });
    expect(await engine.claim({ manifest })).toMatchObject({ runs: [] });
    expect(await placesOf(database, id)).toEqual(["cancelled"]);
    expect(await send(kind, id)).toMatchObject({ status: "ended", ended: "cancelled" });
  });

  test(`cancel, then ${kind}: the run is cancelled, whatever the sender was told, and takes no more answers`, async () => {
    const id = await waitingRun();
    const { second } = await interleave(database, operate("cancel", id), answer(kind, id));
    expect(second.answer).toMatchObject({ woken: false });
    expect(await placesOf(database, id)).toEqual(["cancelled"]);
    expect(await send(kind, id)).toMatchObject({ status: "ended", ended: "cancelled" });
  });

  test(`${kind}, then a tick that applies a stop: the tick waits for nobody`, async () => {
    const id = await waitingRun();
    await database.query("insert into baton.control values ($1, 'cancel', baton.now())", [id]);
    const { second } = await interleave(database, answer(kind, id), tick);
    expect(second).toMatchObject({ waited: false, answer: { stopped: isAnswer ? 0 : 1 } });
    await engine.tick();
    expect(await placesOf(database, id)).toEqual(["cancelled"]);
  });

  test(`${kind}, then reap, and the other way round: neither waits, and the run goes on with it`, async () => {
    for (const turned of [false, true]) {
      const { run } = await leasedAgain();
      await database.advance("31 seconds");
      const [one, other] = turned ? ([tick, answer(kind, run.id)] as const) : ([answer(kind, run.id), tick] as const);
      const { first, second } = await interleave(database, one, other);
      expect(second.waited).toBe(false);
      expect(turned ? [second.answer, first] : [first, second.answer]).toMatchObject([{ status: "accepted" }, { crashed: 1 }]);
      const { token, runs } = await engine.claim({ manifest, suspects: true });
      expect(runs).toMatchObject([{ id: run.id, mail: { letters: [{ name: nameOf(kind) }] } }]);
      await engine.advance(token, 1, failed(runs[0]!));
    }
  });

  for (const [one, other] of [
    ["redrive", kind],
    [kind, "redrive"],
  ] as const) {
    test(`${one}, then ${other}: neither waits, and the sender is told that the run had ended`, async () => {
      const id = await endedRun();
      const calls = [operate("redrive", id), answer(kind, id)] as const;
      const { first, second } = await interleave(database, calls[one === kind ? 1 : 0], calls[one === kind ? 0 : 1]);
      expect(second.waited).toBe(false);
      expect(one === kind ? first : second.answer).toMatchObject({ status: "ended", ended: "failed" });
      expect(await send(kind, id)).toMatchObject({ status: kind === "decide" ? "superseded" : "accepted" });
      expect(await placesOf(database, id)).toEqual(["ready"]);
    });
  }

  test(`${kind}, then delete, and the other way round: nothing of it is left`, async () => {
    for (const turned of [false, true]) {
      const id = await endedRun();
      const calls = [answer(kind, id), operate("delete_run", id)] as const;
      const { first, second } = await interleave(database, calls[turned ? 1 : 0], calls[turned ? 0 : 1]);
      expect(turned ? [second.answer, first] : [first, second.answer]).toMatchObject([
        { status: turned ? "unknown" : "ended" },
        { deleted: true },
      ]);
      expect(await names()).toEqual([]);
    }
  });

  test(`${kind}, then the ending of its run: the round waits for nobody, and the next sender is told of it`, async () => {
    const { token, run } = await leasedAgain();
    const { second } = await interleave(database, answer(kind, run.id), advance(token, failed(run)));
    expect(second).toMatchObject({ waited: false, answer: { lost: [] } });
    expect(await send(kind, run.id)).toMatchObject({ status: "ended", ended: "failed" });
  });

  for (const other of kinds) {
    test(`${kind}, then ${other} to one run: the second waits for the first, and one of two answers counts`, async () => {
      const id = await waitingRun();
      const { first, second } = await interleave(database, answer(kind, id), answer(other, id));
      const meets = kind !== "beat" && nameOf(kind) === nameOf(other);
      expect([first, second]).toMatchObject([
        { status: "accepted" },
        { waited: true, answer: { status: !meets ? "accepted" : kind === other ? "repeated" : "answered" } },
      ]);
      expect(await names()).toEqual([...new Set([nameOf(kind), nameOf(other)])]);
      expect(await placesOf(database, id)).toEqual([kind === "beat" && other === "beat" ? "waiting" : "ready"]);
    });
  }

  test(`${kind} that is rolled back, then ${kind}: the second waits, and is accepted`, async () => {
    const id = await waitingRun();
    const { second } = await interleave(database, answer(kind, id), answer(kind, id), "rollback");
    expect(second).toMatchObject({ waited: true, answer: { status: "accepted", woken: isAnswer } });
    expect(await names()).toEqual([nameOf(kind)]);
  });
}

test.each(answers)("%s, then claim: the claim passes over the run, and the next one has it with its answer", async (kind) => {
  const id = await waitingRun();
  const { first, second } = await interleave(database, answer(kind, id), claim());
  expect([first, second]).toMatchObject([{ woken: true }, { waited: false, answer: { runs: [] } }]);
  expect((await claimAgain()).run).toMatchObject({ id, mail: { letters: [{ name: nameOf(kind) }] } });
});

test.each(answers)("%s, then repair: no wake is lost", async (kind) => {
  const id = await waitingRun();
  await send(kind, id);
  await database.query("update baton.ready set run_at = baton.now() + interval '1 day'");
  expect(await database.query("select baton.repair() as n")).toEqual([{ n: 1 }]);
  expect(await placesOf(database, id)).toEqual(["ready"]);
});

test("a round with statements whose wait has an answer is refused as a whole", async () => {
  const { token, run } = await leasedAgain();
  await send("decide", run.id);
  await expect(engine.advanceWith(token, 1, expired(run), [{ text: "select 1" }])).rejects.toMatchObject({ sqlstate: "BT003" });
});

test("who answers and idles in a transaction holds up one run, and everybody else works meanwhile", async () => {
  const waiting = await waitingRun();
  const { token, runs } = await leaseOf(engine, newRuns(100));
  const slow = runs[7]!;
  const senders = [await makeAndIdle(database, answer("decide", slow.id)), await makeAndIdle(database, answer("complete", waiting))];
  // None of these calls comes back before those of whom it waits have ended.
  await engine.advance(token, 1, { steps: runs.map((run) => step(run)), waits: runs.flatMap((run) => parkOf(run).waits) });
  const soon = await database.query("select run_id as id from baton.ready where run_at <= baton.now() + interval '1 second' order by 1");
  expect(soon).toEqual([{ id: slow.id }]);
  await database.advance("2 minutes");
  const again = await claimAgain();
  expect(again.run.id).toBe(slow.id);
  expect(await engine.advance(again.token, 1, expired(again.run))).toMatchObject({ late: [slow.id] });
  expect(await engine.tick()).toMatchObject({ crashed: 0, stopped: 0, poisoned: 0 });
  const neighbours = runs.filter(({ id }) => id !== slow.id);
  for (const run of neighbours.slice(0, 3)) expect(await send("complete", run.id)).toMatchObject({ status: "accepted", woken: true });
  expect((await engine.claim({ manifest })).runs).toHaveLength(3);
  expect(await engine.cancel(neighbours[3]!.id)).toEqual({ status: "cancelled" });
  expect(await engine.cancel(waiting)).toEqual({ status: "cancelling" });
  for (const sender of senders) await sender.end("commit");
  await database.advance("1 second");
  const known = await claimAgain();
  await engine.advance(known.token, 1, parkOf(known.run));
  expect((await claimAgain()).run).toMatchObject({ id: slow.id, mail: { letters: [{ name: nameOf("decide") }] } });
  expect(await placesOf(database, waiting)).toEqual(["cancelled"]);
});
