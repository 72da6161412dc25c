import { randomUUID } from "node:crypto";
import pg from "pg";
import { onTestFinished } from "vitest";
import { decisionName } from "../../shared/domain/nodes/approving.ts";
import { namesOf } from "../../shared/domain/nodes/calling.ts";
import type { AnswerWaitRequest } from "../../shared/domain/mail-protocol.ts";
import type { AdvanceRequest, ClaimedRun } from "../../shared/domain/protocol.ts";
import type { TestDatabase } from "./database.ts";
import { advanceRequest, claimRequest, engineOf, error, failure, leaseOf, member, newRun, step } from "./engine-calls.ts";
import type { Call } from "./interleaving.ts";

const MONTH = 30 * 24 * 3_600_000;
const path = "sign-off";
const { answer: callback, beat } = namesOf(path, 1);
/** What the run waits for: a decision, or what comes back of a callback's first attempt. */
export const awaited = [decisionName(path, 0), callback, beat];
export const manifest = [{ name: "fulfil-order", version: 1, shape: "new", waits: true as const }];

/** The answers that one may give to a run; a heartbeat is none that it waits for. */
export const requests = {
  decide: (run: string) => ({ run, path, name: awaited[0]!, body: { decision: "approve", by: null, comment: null }, generation: 0 }),
  complete: (run: string) => ({ run, path, name: callback, body: { output: 5 }, attempt: 1 }),
  fail: (run: string) => ({ run, path, name: callback, body: { error, retryable: true }, attempt: 1 }),
  beat: (run: string) => ({ run, path, name: beat, body: { note: "still here" }, attempt: 1, replaces: true as const }),
} satisfies Record<string, (run: string) => AnswerWaitRequest>;
export type Answer = keyof typeof requests;

export const answer = (kind: Answer, run: string, more: Partial<AnswerWaitRequest> = {}): Call => ({
  role: "signaller",
  text: "baton.answer_wait($1)",
  values: [JSON.stringify({ ...requests[kind](run), ...more })],
});
export const advance = (token: string, facts: Partial<AdvanceRequest>): Call => ({
  role: "poller",
  text: "baton.advance($1, 1, $2)",
  values: [token, advanceRequest(facts)],
});
export const claim = (token: string = randomUUID()): Call => ({
  role: "poller",
  text: "baton.claim($1, $2)",
  values: [token, JSON.stringify(claimRequest({ manifest }))],
});
export const operate = (name: string, id: string): Call => ({ role: "operator", text: `baton.${name}($1)`, values: [id] });
export const tick: Call = { role: "poller", text: "baton.tick()", values: [] };

export const parkOf = (run: ClaimedRun, delayMs = MONTH) => ({
  waits: [{ ...member(run), delay_ms: delayMs, bytes: 2, names: awaited }],
});
const timeouts = (run: ClaimedRun) => [{ ...member(run), names: awaited }];
/** The node's outcome where nobody answered: it has expired, or its attempt has failed. */
export const expired = (run: ClaimedRun) => ({
  timeouts: timeouts(run),
  steps: [step(run, { node: path, output: { decision: "expired", by: null, at: "", comment: null } })],
  parks: [{ ...member(run), delay_ms: 0 }],
});
export const timedOut = (run: ClaimedRun) => ({
  timeouts: timeouts(run),
  failures: [failure(run, { node: path, delay_ms: MONTH })],
  parks: [{ ...member(run), delay_ms: MONTH }],
});
export const failed = (run: ClaimedRun) => ({ failed: [{ ...member(run), error }] });

export interface Held {
  readonly token: string;
  readonly run: ClaimedRun;
}

/** Runs that wait for answers, and what is stored of these. */
export function answeredRuns(database: TestDatabase) {
  const engine = engineOf(database);
  const claimAgain = async (): Promise<Held> => {
    const { token, runs } = await engine.claim({ manifest });
    return { token, run: runs[0]! };
  };
  const leasedRun = async (): Promise<Held> => {
    const { token, runs } = await leaseOf(engine, [newRun()]);
    return { token, run: runs[0]! };
  };
  /** A run that has waited before, and is in a lease again. */
  const leasedAgain = async (): Promise<Held> => {
    const { token, run } = await leasedRun();
    await engine.advance(token, 1, parkOf(run, 0));
    return claimAgain();
  };
  const waitingRun = async (delayMs = MONTH): Promise<string> => {
    const { token, run } = await leasedRun();
    await engine.advance(token, 1, parkOf(run, delayMs));
    return run.id;
  };
  const endedRun = async (): Promise<string> => {
    const { token, run } = await leasedAgain();
    await engine.advance(token, 1, failed(run));
    return run.id;
  };
  return {
    engine,
    claimAgain,
    leasedRun,
    leasedAgain,
    waitingRun,
    endedRun,
    send: (kind: Answer, run: string, more: Partial<AnswerWaitRequest> = {}) => engine.answerWait({ ...requests[kind](run), ...more }),
    names: async () => (await database.query<{ name: string }>("select name from baton.message order by n")).map(({ name }) => name),
  };
}

/** Makes one call in a transaction that stays open. */
export async function makeAndIdle(database: TestDatabase, { role, text, values }: Call) {
  const session = new pg.Client(database.url(role));
  await session.connect();
  onTestFinished(() => session.end());
  await session.query("begin");
  const { rows } = await session.query(`select ${text} as answer`, [...values]);
  return { answer: rows[0].answer as Record<string, unknown>, end: (how: "commit" | "rollback") => session.query(how) };
}
