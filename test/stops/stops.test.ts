import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { emptied, engineOf } from "../support/engine-calls.ts";
import { seededRandom } from "../support/random.ts";
import { until } from "../support/until.ts";
import { instrument, STOP_LOCK, withStops } from "./instrument.ts";
import { brokenPromise } from "./promises.ts";
import { make, makeScene, type Outcome } from "./scene.ts";

const database = await createTestDatabase();
const engine = engineOf(database, "pg");
const sessions = Array.from({ length: 3 }, () => new pg.Client(database.ownerUrl));
const [holder, first, second] = sessions as [pg.Client, pg.Client, pg.Client];
let pids: number[] = [];

beforeAll(async () => {
  await engine.tick();
  await database.setNow(null);
  await instrument(database.query);
  await Promise.all(sessions.map((session) => session.connect()));
  pids = await Promise.all(sessions.map(async (session) => (await session.query("select pg_backend_pid() as pid")).rows[0].pid as number));
});
afterAll(() => Promise.all(sessions.map((session) => session.end())));

test("a stop stands before each statement, and within none", () => {
  const text =
    "create function f()\nas $$\ndeclare\n  a integer := 1;\nbegin\n  perform\n    b();\n  if a then\n    c := 1;\n  end if;\nend\n$$";
  const stops = withStops("f", text);
  expect(stops.count).toBe(3);
  expect(stops.text.split("\n").filter((line) => line.includes("here"))).toEqual(
    [1, 2, 3].map((n) => `if test_stops.here('f:${n}') then null; end if;`),
  );
});

/** The points that a call passes in the scene, in order and each once. */
async function pointsOf(name: string): Promise<string[]> {
  const { calls } = await makeScene(database, engine);
  const points = new Set<string>();
  const note = ({ message }: { message?: string | undefined }) => void points.add(message ?? "");
  first.on("notice", note);
  await first.query("set test_stops.trace = 'on'");
  await make(first, calls[name]!);
  await first.query("set test_stops.trace = 'off'");
  first.off("notice", note);
  await emptied(database);
  return [...points];
}

const waits = async (pid: number) =>
  (await database.query("select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", [pid])).length > 0;

/** Stops one call at a point, lets another come as far as it can, and then both go on. */
async function stopAt(one: string, point: string, other: string): Promise<string | undefined> {
  const { calls } = await makeScene(database, engine);
  await holder.query(`select pg_advisory_lock(${STOP_LOCK})`);
  await first.query("select set_config('test_stops.at', $1, false)", [point]);
  let over = [false, false];
  const stopped = make(first, calls[one]!).finally(() => (over = [true, over[1]!]));
  await until(`${one} has come to ${point}`, async () => over[0]! || (await waits(pids[1]!)));
  const going = make(second, calls[other]!).finally(() => (over = [over[0]!, true]));
  await until(`${other} is over or waits`, async () => over[1]! || (await waits(pids[2]!)));
  await holder.query(`select pg_advisory_unlock(${STOP_LOCK})`);
  const outcomes: [string, Outcome][] = [
    [one, await stopped],
    [other, await going],
  ];
  await database.assertInvariants();
  for (const [name, outcome] of outcomes) {
    const broken = await brokenPromise(database.query, calls[name]!, outcome);
    if (broken !== undefined) return broken;
  }
  await engine.tick();
  await database.assertInvariants();
  return undefined;
}

/** Of some 14,000; `npm run test:stops` takes all. */
const SOME = 300;

test("two calls of which one is stopped between any two of its statements keep what they promise", async () => {
  const { random, seed } = seededRandom();
  const names = Object.keys((await makeScene(database, engine)).calls);
  await emptied(database);
  const pairs: [string, string, string][] = [];
  for (const one of names)
    for (const point of await pointsOf(one)) for (const other of names) if (other !== one) pairs.push([one, point, other]);
  const wanted = process.env["BATON_STOPS"] === "all" ? pairs.length : SOME;
  console.log(`${wanted} of ${pairs.length} pairs, seed ${seed}`);
  for (let n = 0; n < wanted; n++) {
    const [pair] = pairs.splice(wanted === SOME ? Math.floor(random() * pairs.length) : 0, 1);
    try {
      expect([pair, await stopAt(...pair!)]).toEqual([pair, undefined]);
    } catch (thrown) {
      throw new Error(`${pair!.join(", ")}: ${(thrown as Error).message}`, { cause: thrown });
    } finally {
      await emptied(database);
    }
  }
}, 3_600_000);
