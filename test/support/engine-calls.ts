import { randomUUID } from "node:crypto";
import { v7 } from "uuid";
import { afterEach } from "vitest";
import { beat, runRepository } from "../../shared/db/run-repository.ts";
import type { ChildrenRequest } from "../../shared/domain/family-protocol.ts";
import type { AnswerWaitRequest, SignalRequest } from "../../shared/domain/mail-protocol.ts";
import type {
  AdvanceRequest,
  ClaimAnswer,
  ClaimRequest,
  EnqueueRequest,
  FailureEntry,
  NewRun,
  StepEntry,
} from "../../shared/domain/protocol.ts";
import type { JsonObject } from "../../shared/domain/json.ts";
import type { ListRequest, StepsRequest } from "../../shared/domain/run-protocol.ts";
import type { Statement } from "../../shared/domain/statement.ts";
import { encodeRound } from "../../shared/domain/wire.ts";
import type { Driver, TestDatabase } from "./database.ts";

/** A member of a lease, as a claim describes it. */
export interface Member {
  readonly id: string;
  readonly place: number;
}

/** A lease as its claimer knows it. */
export interface Held extends ClaimAnswer {
  readonly token: string;
}

export type Engine = ReturnType<typeof engineOf>;

export const error = { name: "Error", message: "it broke" };

/** at: the moment in the run's id; by default now. */
export function newRun({ at, ...facts }: Partial<NewRun> & { at?: Date } = {}): NewRun {
  const id = at === undefined ? v7() : v7({ msecs: at.getTime() });
  return { id, workflow: "fulfil-order", version: 1, priority: 2, input: { orderId: "o-1" }, ...facts };
}

export function newRuns(count: number, facts: Parameters<typeof newRun>[0] = {}): NewRun[] {
  return Array.from({ length: count }, () => newRun(facts));
}

export function claimRequest(facts: Partial<ClaimRequest> = {}): ClaimRequest {
  return { columns: true, ttl_ms: 30_000, max: 100, max_bytes: 4 * 1024 * 1024, low: {}, manifest: [], ...facts };
}

export function advanceRequest(facts: Partial<AdvanceRequest> = {}): string {
  return encodeRound({ ttl_ms: 30_000, ...facts });
}

/** The entry of a member in any list of a round. */
export function member({ id, place }: Member): { place: number; run: string } {
  return { place, run: id };
}

export function step(of: Member, facts: Partial<StepEntry> = {}): StepEntry {
  return { ...member(of), node: "reserve", position: 0, attempt: 1, age_ms: 0, took_ms: 0, output: { reserved: true }, ...facts };
}

export function failure(of: Member, facts: Partial<FailureEntry> = {}): FailureEntry {
  return { ...member(of), node: "reserve", attempt: 1, age_ms: 0, took_ms: 0, delay_ms: 1_000, error, ...facts };
}

export function sleep(of: Member, facts: { node?: string; position?: number; attempt?: number; delay_ms?: number } = {}) {
  return { ...member(of), node: "cool-off", position: 0, attempt: 1, delay_ms: 60_000, ...facts };
}

export function block(of: Member, facts: { workflow?: string; version?: number; shape?: string; reason?: string } = {}) {
  return { ...member(of), workflow: "fulfil-order", version: 1, shape: "unknown", reason: "no such workflow", ...facts };
}

/** The SQL functions, each called as the role that may, through a driver (default: neon). */
export function engineOf(database: TestDatabase, driver?: Driver) {
  const producer = runRepository(database.connect("producer", driver));
  const signaller = runRepository(database.connect("signaller", driver));
  const pollerDatabase = database.connect("poller", driver);
  const poller = runRepository(pollerDatabase);
  const reader = runRepository(database.connect("reader", driver));
  const operator = runRepository(database.connect("operator", driver));
  return {
    enqueue: (runs: readonly NewRun[], request?: EnqueueRequest["request"], queue?: string) =>
      producer.enqueue({ runs, queue, ...(request && { request }) }),
    claim: async (facts?: Partial<ClaimRequest>, token: string = randomUUID()): Promise<Held> => ({
      token,
      ...(await poller.claim(token, claimRequest(facts))),
    }),
    advance: (token: string, round: number, facts?: Partial<AdvanceRequest>) => poller.advance(token, round, advanceRequest(facts)),
    advanceWith: (token: string, round: number, facts: Partial<AdvanceRequest>, statements: readonly Statement[]) =>
      poller.advanceWith(token, round, advanceRequest({ strict: true, ...facts }), statements),
    signal: (request: SignalRequest) => producer.signal(request),
    answerWait: (request: AnswerWaitRequest) => signaller.answerWait(request),
    tick: () => poller.tick(),
    beat: (token: string, ttlMs: number) => beat(pollerDatabase, token, ttlMs),
    release: (token: string) => poller.release(token),
    findRun: (id: string) => reader.findRun(id),
    listRuns: async (request: ListRequest) => (await reader.listRuns(request)).runs,
    listSteps: (id: string, request: StepsRequest) => reader.listSteps(id, request),
    listChildren: (id: string, request: ChildrenRequest) => reader.listChildren(id, request),
    state: (id: string) => reader.state(id),
    redrives: (id: string) => operator.redrives(id),
    cancel: operator.cancel,
    redrive: operator.redrive,
    changeAttributes: (id: string, patch: JsonObject) => operator.changeAttributes(id, { patch, checked: true }),
  };
}

/** Enqueues runs and claims them: a lease with as many members, in the order of their ids. */
export async function leaseOf(engine: Engine, runs: number | readonly NewRun[], facts?: Partial<ClaimRequest>): Promise<Held> {
  await engine.enqueue(typeof runs === "number" ? newRuns(runs) : runs);
  return engine.claim(facts);
}

/**
 * Where a run is: every place it has and its ending, each as one word. Exactly one word is right.
 */
export async function placesOf({ query }: TestDatabase, id: string): Promise<string[]> {
  const rows = await query<{ place: string }>(
    `select case when run_at > baton.now() then 'waiting' else 'ready' end as place from baton.ready where run_id = $1
     union all select 'blocked' from baton.blocked where run_id = $1
     union all select 'lease' from baton.lease as l, unnest(run_ids) with ordinality as m (id, nth)
       where m.id = $1 and get_bit(l.gone, (nth - 1)::integer) = 0
     union all select status from baton.ending where run_id = $1`,
    [id],
  );
  return rows.map(({ place }) => place);
}

const TABLES = [
  "run",
  "attribute",
  "checkpoint",
  "failure",
  "ending",
  "ready",
  "lease",
  "blocked",
  "dedup",
  "control",
  "redrive",
  "child",
  "waiting_item",
  "awaited",
  "stopping",
  "wakeup",
  "audit",
  "wait",
  "message",
  "signal_key",
  "unclaimed",
  "workflow",
  "hook_run",
  "undoable",
  "queue",
];

/**
 * Deletes all rows of the engine, forgets its clock, and leaves statistics and cached plans as they
 * are.
 */
export async function emptied({ query }: TestDatabase): Promise<void> {
  const forgotten = "update baton.clock set latest = '-infinity', was = null, set_to = null, band = null, run_at = null, again = false";
  await query([...TABLES.map((table) => `delete from baton.${table}`), "delete from baton.setback", forgotten].join(";"));
}

/**
 * After each test of the file: no fault plays on, the invariants hold, and the next test finds no
 * run and the real time.
 */
export function checkAfterEach(database: TestDatabase): void {
  afterEach(async () => {
    database.neon.inject(undefined);
    await database.neon.idle();
    try {
      await database.assertInvariants();
    } finally {
      await emptied(database);
      await database.setNow(null);
    }
  });
}
