import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { emptied, engineOf } from "../support/engine-calls.ts";
import { seededRandom } from "../support/random.ts";
import { withStops } from "./instrument.ts";
import { type Meeting, openMeeting } from "./meeting.ts";
import { brokenPromise } from "./promises.ts";
import { makeScene } from "./scene.ts";

const database = await createTestDatabase();
const engine = engineOf(database, "pg");
let meeting: Meeting;

beforeAll(async () => {
  await engine.tick();
  await database.setNow(null);
  meeting = await openMeeting(database);
});
afterAll(() => meeting[Symbol.asyncDispose]());

test("a stop stands before each statement, and within none", () => {
  const text =
    "create function f()\nas $$\ndeclare\n  a integer := 1;\nbegin\n  perform\n    b();\n  if a then\n    c := 1;\n  end if;\nend\n$$";
  const stops = withStops("f", text);
  expect(stops.count).toBe(3);
  expect(stops.text.split("\n").filter((line) => line.includes("here"))).toEqual(
    [1, 2, 3].map((n) => `if test_stops.here('f:${n}') then null; end if;`),
  );
});

/** The points that a call passes in the scene. */
async function pointsOf(name: string): Promise<string[]> {
  const { calls } = await makeScene(database, engine);
  const points = await meeting.pointsOf(calls[name]!);
  await emptied(database);
  return points;
}

/** Lets two calls of the scene meet; what one promised and does not hold. */
async function stopAt(one: string, point: string, other: string): Promise<string | undefined> {
  const { calls } = await makeScene(database, engine);
  const outcomes = await meeting.meet(calls[one]!, point, calls[other]!);
  await database.assertInvariants();
  for (const [n, name] of [one, other].entries()) {
    const broken = await brokenPromise(database.query, calls[name]!, outcomes[n]!);
    if (broken !== undefined) return broken;
  }
  await engine.tick();
  await database.assertInvariants();
  return undefined;
}

test("a copy of a cancel, stopped anywhere while a round applies the stop, is noted no second time", async () => {
  const name = "cancel of a run that is asked to stop";
  for (const point of await pointsOf(name)) {
    expect([point, await stopAt(name, point, "round")]).toEqual([point, undefined]);
    await emptied(database);
  }
});

/** Of some 15,000; `npm run test:stops` takes all. */
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
