import { afterAll, beforeAll, expect, test } from "vitest";
import { answeredRuns, manifest } from "../support/answered-runs.ts";
import { createTestDatabase } from "../support/database.ts";
import { emptied, placesOf } from "../support/engine-calls.ts";
import { seededRandom } from "../support/random.ts";
import { type Meeting, openMeeting } from "./meeting.ts";
import type { Outcome } from "./scene.ts";
import { makeWaits, type State, states, waitOf } from "./waits-scene.ts";

const database = await createTestDatabase();
const { engine } = answeredRuns(database);
let meeting: Meeting;

beforeAll(async () => {
  await engine.tick();
  await database.setNow(null);
  meeting = await openMeeting(database);
});
afterAll(() => meeting[Symbol.asyncDispose]());

/** Who may hold the mail of a run for minutes, and for whom an operator alone may wait. */
const SENDERS: ReadonlySet<string> = new Set(["signal", "signal by key", "decide", "complete", "beat"]);
const PATIENT: ReadonlySet<string> = new Set([...SENDERS, "delete"]);

type Outcomes = Readonly<Record<string, Outcome>>;

/** Lets two calls meet at one run; what is wrong then, or nothing. */
async function stopAt(state: State, one: string, point: string, other: string): Promise<string | undefined> {
  const { id, calls } = await makeWaits(database, state);
  const [first, second] = await meeting.meet(calls[one]!, point, calls[other]!);
  const made: Outcomes = { [one]: first, [other]: second };
  await database.assertInvariants();
  for (const [name, { sqlstate }] of Object.entries(made))
    if (sqlstate !== undefined && sqlstate !== "BT001") return `${name} was refused with ${sqlstate}`;
  if (second.waited && SENDERS.has(one) && !PATIENT.has(other)) return `${other} waited for a sender`;
  return (await twoWinners(id, made)) ?? lostWake(id, made);
}

const isAccepted = (outcome: Outcome | undefined) => outcome?.answer?.["status"] === "accepted";

/** An answer that was accepted, and a wait that has timed out all the same. */
async function twoWinners(id: string, made: Outcomes): Promise<string | undefined> {
  const timeout = made["time out"];
  if (timeout?.answer === undefined) return undefined;
  const [row] = await database.query("select from baton.checkpoint where run_id = $1", [id]);
  const isLate = (timeout.answer["late"] as string[]).includes(id);
  if (isLate === (row !== undefined)) return isLate ? "a round that was late has stored its outcome" : "an outcome is not stored";
  const answered = ["decide", "complete", "beat"].find((name) => isAccepted(made[name]));
  return row !== undefined && answered !== undefined ? `${answered} was accepted, and the wait has timed out` : undefined;
}

/** Something was accepted, and the run does not go on with it once it has waited anew. */
async function lostWake(id: string, made: Outcomes): Promise<string | undefined> {
  const accepted = Object.keys(made).filter((name) => SENDERS.has(name) && isAccepted(made[name]));
  const [stored] = await database.query<{ n: number }>(
    "select ((select count(*) from baton.message) + (select count(*) from baton.unclaimed))::int as n",
  );
  if (stored!.n !== accepted.length) return `${accepted.length} were accepted, and ${stored!.n} are stored`;
  await settle();
  const [place] = await placesOf(database, id);
  if (place !== "ready" && place !== "waiting") return undefined;
  const isAnswered = accepted.some((name) => name !== "beat");
  if (isAnswered === (place === "ready")) return undefined;
  return isAnswered ? `${accepted.join(" and ")} was accepted, and the run waits on` : "nobody has answered, and the run does not wait";
}

/** Everything comes back that is out or due, and waits anew. */
async function settle(): Promise<void> {
  await database.advance("40 seconds");
  await engine.tick();
  for (const suspects of [false, true]) {
    const { token, runs } = await engine.claim({ manifest, ...(suspects && { suspects }) });
    if (runs.length > 0) await engine.advance(token, 1, { waits: runs.flatMap((run) => waitOf(run).waits) });
  }
  await database.assertInvariants();
}

async function namesOf(state: State): Promise<string[]> {
  const { calls } = await makeWaits(database, state);
  await emptied(database);
  return Object.keys(calls);
}

/** Where a stop shows nothing that one before or after does not: nothing of a run is touched. */
const ASIDE =
  /^(require|check|ensure|make|add|count|forget|cut)_|^(commit_durably|refuse_unfaithful|heal_clock|roll_up|end_unlawful|redrives):/;

async function pointsOf(state: State, name: string): Promise<string[]> {
  const { calls } = await makeWaits(database, state);
  const points = await meeting.pointsOf(calls[name]!);
  await emptied(database);
  return points.filter((point) => !ASIDE.test(point));
}

/** Of some 12,000; `npm run test:stops` takes all. */
const SOME = 80;

test("who sends to a run and whoever else touches it, one stopped between any two of its statements: no wake is lost, one wins, and nobody waits for a sender", async () => {
  const { random, seed } = seededRandom();
  const all: [State, string, string, string][] = [];
  for (const state of states) {
    const names = await namesOf(state);
    for (const one of names)
      for (const point of await pointsOf(state, one))
        for (const other of names) if (other !== one && (SENDERS.has(one) || SENDERS.has(other))) all.push([state, one, point, other]);
  }
  const wanted = process.env["BATON_STOPS"] === "all" ? all.length : SOME;
  console.log(`${wanted} of ${all.length} meetings, seed ${seed}`);
  for (let n = 0; n < wanted; n++) {
    const [pair] = all.splice(wanted === SOME ? Math.floor(random() * all.length) : 0, 1);
    try {
      expect(await stopAt(...pair!)).toBe(undefined);
    } catch (thrown) {
      throw new Error(`${pair!.join(", ")}: ${(thrown as Error).message}`, { cause: thrown });
    } finally {
      await emptied(database);
    }
  }
}, 3_600_000);
