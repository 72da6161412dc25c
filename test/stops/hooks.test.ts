import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { emptied, engineOf } from "../support/engine-calls.ts";
import { both, hooked, hooksOf } from "../support/hooked-runs.ts";
import { seededRandom } from "../support/random.ts";
import { type Meeting, openMeeting } from "./meeting.ts";
import { brokenPromise } from "./promises.ts";
import { makeScene, type SceneCall } from "./scene.ts";

const database = await createTestDatabase();
const engine = engineOf(database, "pg");
const { deploy } = hooksOf(database);
let meeting: Meeting;

beforeAll(async () => {
  await engine.tick();
  await database.setNow(null);
  meeting = await openMeeting(database);
});
afterAll(() => meeting[Symbol.asyncDispose]());

/** Calls that may end runs of a scene whose workflow has both hooks from now on. */
async function makeHooked(): Promise<Readonly<Record<string, SceneCall>>> {
  const { calls } = await makeScene(database, engine);
  await deploy(hooked(both));
  return Object.fromEntries(Object.entries(calls).filter(([name]) => !name.startsWith("enqueue")));
}

async function pointsOf(name: string): Promise<string[]> {
  const points = await meeting.pointsOf((await makeHooked())[name]!);
  await emptied(database);
  return points;
}

/** Lets two calls meet; what is wrong then, or nothing. */
async function stopAt(one: string, point: string, other: string): Promise<string | undefined> {
  const calls = await makeHooked();
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

/** `npm run test:stops` takes all. */
const SOME = 60;

test("two calls that end runs, one stopped between any two of its statements, start each hook's run once", async () => {
  const { random, seed } = seededRandom();
  const names = Object.keys(await makeHooked());
  await emptied(database);
  const pairs: [string, string, string][] = [];
  for (const one of names)
    for (const point of await pointsOf(one)) for (const other of names) if (other !== one) pairs.push([one, point, other]);
  // Every statement that starts a run is among them.
  expect(pairs.some(([, point]) => point.startsWith("start_hooks:"))).toBe(true);
  const wanted = process.env["BATON_STOPS"] === "all" ? pairs.length : SOME;
  console.log(`${wanted} of ${pairs.length} pairs, seed ${seed}`);
  for (let n = 0; n < wanted; n++) {
    const [pair] = pairs.splice(wanted === SOME ? Math.floor(random() * pairs.length) : 0, 1);
    expect([pair, await stopAt(...pair!)]).toEqual([pair, undefined]);
    await emptied(database);
  }
}, 3_600_000);
