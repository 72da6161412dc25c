import { randomUUID } from "node:crypto";
import type pg from "pg";
import { decodeRuns } from "../../shared/domain/wire.ts";
import type { ClaimAnswer } from "../../shared/domain/protocol.ts";
import type { TestDatabase } from "../support/database.ts";
import {
  advanceRequest,
  block,
  claimRequest,
  type Engine,
  error,
  failure,
  leaseOf,
  member,
  newRun,
  newRuns,
  sleep,
  step,
} from "../support/engine-calls.ts";

/** One call of the engine; its answer must be kept, whatever happens beside it. */
export interface SceneCall {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs in every place, and all calls that one may make of them. */
export type Scene = Awaited<ReturnType<typeof makeScene>>;

const manifest = [{ name: "fulfil-order", version: 1, shape: "new" }];
const call = (name: string, ...values: unknown[]): SceneCall => ({
  text: `select baton.${name}(${values.map((_, n) => `$${n + 1}`).join(", ")}) as answer`,
  values,
});

export async function makeScene(database: TestDatabase, engine: Engine) {
  await database.setNow(null);
  const crashed = await claimOne(engine);
  await database.advance("31 seconds");
  const held = await leaseOf(engine, newRuns(8));
  const failed = await claimOne(engine);
  await engine.advance(failed.token, 1, { failed: [{ ...member(failed.run), error }] });
  const blocked = await claimOne(engine);
  await engine.advance(blocked.token, 1, { blocked: [block(blocked.run, { shape: "old" })] });
  const asleep = await claimOne(engine);
  await engine.advance(asleep.token, 1, { sleeps: [sleep(asleep.run)] });
  const ready = newRuns(3);
  await engine.enqueue(ready);
  const [done, ended, retried, slept, parked, unknown, asked, left] = held.runs;
  await engine.cancel(asked!.id);
  const round = advanceRequest({
    steps: [step(done!), step(left!)],
    done: [member(done!)],
    failures: [failure(ended!, { delay_ms: null }), failure(retried!)],
    failed: [{ ...member(ended!), error }],
    sleeps: [sleep(slept!)],
    parks: [{ ...member(parked!), delay_ms: 60_000 }],
    blocked: [block(unknown!)],
    claim: { max: 2, max_bytes: 1_000_000, low: {}, manifest },
  });
  const key = { key: "k", hash: "h" };
  const token = randomUUID();
  const calls: Record<string, SceneCall> = {
    enqueue: call("enqueue", JSON.stringify({ runs: [newRun()] })),
    "enqueue with a key": call("enqueue", JSON.stringify({ runs: [newRun(key)] })),
    "enqueue with that key": call("enqueue", JSON.stringify({ runs: [newRun(key)] })),
    claim: call("claim", randomUUID(), JSON.stringify(claimRequest({ max: 2 }))),
    "claim with a token": call("claim", token, JSON.stringify(claimRequest({ max: 2 }))),
    "claim with that token": call("claim", token, JSON.stringify(claimRequest({ max: 2 }))),
    "claim of what was blocked": call("claim", randomUUID(), JSON.stringify(claimRequest({ max: 2, manifest }))),
    round: call("advance", held.token, 1, round),
    "the same round": call("advance", held.token, 1, round),
    "heartbeat of an ended lease": call("advance", crashed.token, 1, advanceRequest({ steps: [step(crashed.run)] })),
    release: call("release", held.token),
    "cancel of a ready run": call("cancel", ready[0]!.id),
    "cancel of a run in the lease": call("cancel", left!.id),
    "cancel of a run that is asked to stop": call("cancel", asked!.id),
    "cancel of a failed run": call("cancel", failed.run.id),
    "cancel of a blocked run": call("cancel", blocked.run.id),
    redrive: call("redrive", failed.run.id),
    tick: call("tick"),
  };
  return { calls };
}

async function claimOne(engine: Engine) {
  const { token, runs } = await leaseOf(engine, 1, { max: 1 });
  return { token, run: runs[0]! };
}

/** What a call came to: its answer, or the SQLSTATE of its refusal. */
export interface Outcome {
  readonly answer?: Record<string, unknown>;
  readonly sqlstate?: string;
  /** It could not go on before another call did. */
  readonly waited?: boolean;
}

export async function make(session: pg.Client, { text, values }: SceneCall): Promise<Outcome> {
  try {
    const { answer } = (await session.query(text, [...values])).rows[0];
    return { answer: /baton\.(claim|advance)\(/.test(text) ? { ...decodeRuns<ClaimAnswer>(answer) } : answer };
  } catch (thrown) {
    return { sqlstate: (thrown as { code?: string }).code ?? String(thrown) };
  }
}
