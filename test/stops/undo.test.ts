import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../support/database.ts";
import { advanceRequest, emptied, engineOf, error, leaseOf, member, newRun, placesOf, step } from "../support/engine-calls.ts";
import { type Meeting, openMeeting } from "./meeting.ts";
import type { SceneCall } from "./scene.ts";

const database = await createTestDatabase();
const engine = engineOf(database, "pg");
let meeting: Meeting;

beforeAll(async () => {
  await engine.tick();
  await database.setNow(null);
  meeting = await openMeeting(database);
});
afterAll(() => meeting[Symbol.asyncDispose]());

const call = (name: string, ...values: unknown[]): SceneCall => ({
  text: `select baton.${name}(${values.map((_, n) => `$${n + 1}`).join(", ")}) as answer`,
  values,
});

/** A run in a lease of its own, and the round that says that it is undone since it failed. */
interface Failing {
  readonly id: string;
  readonly rule: SceneCall;
  readonly stop: SceneCall;
}

async function failing(stopOf: (id: string) => Promise<SceneCall> | SceneCall): Promise<Failing> {
  const { token, runs } = await leaseOf(engine, 1);
  const run = runs[0]!;
  await engine.advance(token, 1, { steps: [step(run)] });
  return { id: run.id, rule: call("advance", token, 2, ruling(run)), stop: await stopOf(run.id) };
}

const ruling = (run: { readonly id: string; readonly place: number }) =>
  advanceRequest({
    steps: [step(run, { node: "~verdict", attempt: 0, output: { status: "failed", error } })],
    parks: [{ ...member(run), delay_ms: 0 }],
  });

/** A child of a parent that waits for it. */
async function failingChild(stopOf: (parent: string) => Promise<SceneCall> | SceneCall): Promise<Failing> {
  const { token, runs } = await leaseOf(engine, 1);
  const parent = runs[0]!;
  const { id } = newRun();
  await engine.advance(token, 1, {
    steps: [step(parent, { node: "pay/~child/00000", attempt: 0, output: { run: id } })],
    children: [{ ...member(parent), node: "pay", id, workflow: "fulfil-order", version: 1, input: {} }],
    family: [{ ...member(parent), awaits: ["pay"] }],
    parks: [{ ...member(parent), delay_ms: null, bytes: 2 }],
  });
  const held = await engine.claim();
  return { id, rule: call("advance", held.token, 1, ruling(held.runs[0]!)), stop: await stopOf(parent.id) };
}

const asked = (undo: boolean) => async (id: string) => {
  await engine.cancel(id, undo ? { undo } : {});
  return call("tick");
};
const situations: Readonly<Record<string, () => Promise<Failing>>> = {
  "a cancel": () => failing((id) => call("cancel", id)),
  "a cancel with undo": () => failing((id) => call("cancel", id, { undo: true })),
  "a tick that applies a stop": () => failing(asked(false)),
  "a tick that applies a stop with undo": () => failing(asked(true)),
  "a cancel of its parent": () => failingChild((parent) => call("cancel", parent)),
  "a tick that stops the children of who has ended": () => failingChild(asked(false)),
};

/** Where what is stopped is looked at and taken. */
const STOPS = /^(cancel|stop_\w+|take_parked|find_stopped|forget_stops|begin_undo|end_each|settle_families):/;

test.each(Object.keys(situations))(
  "%s, held up before any of its statements while a round says that the run is undone: it is undone",
  async (name) => {
    const points = (await meeting.pointsOf((await situations[name]!()).stop)).filter((point) => STOPS.test(point));
    expect(points).toContain("take_parked:1");
    await emptied(database);
    for (const point of points) {
      const { id, rule, stop } = await situations[name]!();
      await meeting.meet(stop, point, rule);
      await database.assertInvariants();
      expect([point, await placesOf(database, id)]).toEqual([point, ["ready"]]);
      await engine.tick();
      expect([point, await placesOf(database, id)]).toEqual([point, ["ready"]]);
      await emptied(database);
    }
  },
  300_000,
);
