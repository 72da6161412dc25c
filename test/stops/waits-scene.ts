import { randomUUID } from "node:crypto";
import type { ClaimedRun } from "../../shared/domain/protocol.ts";
import { type Answer, answeredRuns, awaited, expired, failed, type Held, manifest, requests } from "../support/answered-runs.ts";
import type { TestDatabase } from "../support/database.ts";
import { advanceRequest, claimRequest, member } from "../support/engine-calls.ts";
import type { SceneCall } from "./scene.ts";

/** Where the run is that all calls of a scene are about. */
export const states = ["waits", "is due", "is in a lease for the first time", "is in a lease", "has crashed", "has failed"] as const;
export type State = (typeof states)[number];

const MONTH = 30 * 24 * 3_600_000;
const [name, key] = ["paid", "o-1"];
/** It waits for a signal, by a key too, for a decision and for a callback. */
export const waitOf = (run: ClaimedRun, delayMs = MONTH) => ({
  waits: [{ ...member(run), delay_ms: delayMs, bytes: 2, names: [name, ...awaited], keys: [{ name, key }] }],
});

const call = (name: string, ...values: unknown[]): SceneCall => ({
  text: `select baton.${name}(${values.map((_, n) => `$${n + 1}`).join(", ")}) as answer`,
  values,
});
const round = ({ token }: Held, facts: object) => call("advance", token, 1, advanceRequest(facts));

/** A run, the calls of those who send to it, and all that the engine may do with it meanwhile. */
export async function makeWaits(database: TestDatabase, state: State) {
  await database.setNow(null);
  const { engine, leasedRun, claimAgain } = answeredRuns(database);
  let held = await leasedRun();
  const { id } = held.run;
  if (state !== "is in a lease for the first time") {
    await engine.advance(held.token, 1, waitOf(held.run, state === "waits" ? MONTH : 0));
    if (state !== "waits" && state !== "is due") held = await claimAgain();
  }
  if (state === "has crashed") await database.advance("31 seconds");
  if (state === "has failed") await engine.advance(held.token, 1, failed(held.run));
  const senders: Record<string, SceneCall> = {
    signal: call("signal", { run: id, name, body: 5 }),
    "signal by key": call("signal", { workflow: "fulfil-order", key, name, body: 5 }),
    ...Object.fromEntries((["decide", "complete", "beat"] as Answer[]).map((kind) => [kind, call("answer_wait", requests[kind](id))])),
  };
  return { id, senders, calls: { ...senders, ...engineCalls(state, held, id) } };
}

function engineCalls(state: State, held: Held, id: string): Record<string, SceneCall> {
  const common = { cancel: call("cancel", id), tick: call("tick") };
  if (state === "waits" || state === "is due") return { ...common, claim: call("claim", randomUUID(), claimRequest({ manifest })) };
  if (state === "has failed") return { ...common, redrive: call("redrive", id), delete: call("delete_run", id) };
  const { run } = held;
  return {
    ...common,
    park: round(held, waitOf(run)),
    "time out": round(held, { ...expired(run), timeouts: [{ ...waitOf(run).waits[0], delay_ms: undefined, bytes: undefined }] }),
    fail: round(held, failed(run)),
    release: call("release", held.token),
  };
}
