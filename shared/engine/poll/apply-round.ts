import { MAX_ATTRIBUTE_BYTES } from "../../domain/attributes.ts";
import { sleepRow } from "../../domain/decide-fate.ts";
import type { Decision } from "../../domain/decision.ts";
import { familyOf, mailOf, recognise } from "../../domain/recognise.ts";
import { withCall, withFact, withFamily, withMail } from "../../domain/run.ts";
import type { FamilyFacts } from "../../domain/family-protocol.ts";
import type { AdvanceAnswer } from "../../domain/protocol.ts";
import { circumstancesOf, moveOn, moveOnAt } from "./decide-member.ts";
import type { Lease } from "./lease.ts";
import { UnneededError } from "./unneeded.ts";
import { countSteps, Member, type Decided, type Entry } from "./member.ts";

/** A run was cancelled while its step ran: the step's context.signal is aborted with this. */
export class RunCancelledError extends Error {
  override readonly name = "RunCancelledError";
  constructor(runId: string) {
    super(`Run ${runId} was cancelled: stop, what the step returns is dropped.`);
  }
}

/**
 * Brings the lease in memory to what the database now holds; only after this may a stored run go
 * on. asked: for how many runs.
 */
export function applyRound(lease: Lease, stored: readonly Entry[], answer: AdvanceAnswer, asked?: number): void {
  for (const id of answer.lost) dropLost(lease, id);
  for (const id of answer.late ?? []) dropLate(lease, id);
  for (const id of answer.stopped) {
    const member = lease.members.get(id);
    if (member !== undefined) lease.revoke(member, new RunCancelledError(id));
  }
  tellLeftOut(lease, stored, answer);
  lease.rounds.applyAnswer(answer, asked);
  for (const entry of stored) if (!entry.member.gone) applyEntry(lease, entry, answer);
  for (const entry of stored) if (!entry.member.gone) applyMail(lease, entry, answer);
  for (const [id, facts] of Object.entries(answer.family ?? {})) applyFamily(lease, id, facts);
  for (const id of answer.called_off ?? []) callOff(lease, id);
  lease.rounds.count({ poisoned: answer.poisoned ?? 0 });
  nudgeOthers(lease, stored);
  addClaimed(lease, answer);
}

/** Those whose pollers have runs now that they may not know of. */
function nudgeOthers({ poller: { others } }: Lease, stored: readonly Entry[]): void {
  if (others === undefined) return;
  const fates = stored.flatMap((entry) => (entry.kind === "decided" ? [entry.decision.fate] : []));
  const queues = new Set(fates.flatMap((fate) => (fate.kind === "park" && fate.queue !== undefined ? [fate.queue] : [])));
  for (const queue of queues) others.tell(queue);
}

/** Somebody has cancelled it, and it is to be undone: nothing more of it begins. */
function callOff(lease: Lease, id: string): void {
  const member = lease.members.get(id);
  if (member === undefined || member.run.ruling !== undefined || member.run.isCalledOff === true) return;
  member.update(withCall(member.run));
  moveOn(lease, member);
  lease.wake();
}

/** What mail there is of a run that has asked. One that has some, or waits to be told, goes on. */
function applyMail(lease: Lease, entry: Entry, { now, mail: told }: AdvanceAnswer): void {
  if (entry.kind !== "decided" || entry.decision.fate.kind !== "stay" || now === undefined) return;
  const { member, decision } = entry;
  const { asks, wait } = entry.decision.fate;
  if (asks === undefined) return;
  const facts = told![member.run.id]!;
  const asOf = Date.parse(now);
  const mail = mailOf(asOf, facts);
  // A heartbeat lies there for as long as its attempt lasts: once it is known it changes nothing.
  const isNews = mail.tellsMoreThan(member.run.mail);
  member.update(withMail(member.run, mail));
  if (isNews || facts.taken != null || (asks.overdue !== undefined && asks.overdue <= asOf)) return moveOn(lease, member);
  if (asks.overdue === undefined) return;
  // By the database's clock, which is behind what was thought, it is not over yet.
  const again = { until: asks.overdue, clock: lease.poller.clock.now() + asks.overdue - asOf };
  const fate = { kind: "stay", wait: wait !== undefined && wait.clock < again.clock ? wait : again } as const;
  lease.follow(member, { ...decision, run: member.run, starts: [], aborts: [], fate }, moveOnAt);
}

/** How children of a run have ended that stays. One of which it did not know has it go on. */
function applyFamily(lease: Lease, id: string, facts: FamilyFacts): void {
  const member = lease.members.get(id);
  if (member === undefined) return;
  const family = familyOf(facts);
  const isNews = family.tellsMoreThan(member.run.family);
  member.update(withFamily(member.run, family));
  if (isNews) moveOn(lease, member);
}

/**
 * Adds claimed runs to the lease; one that this code does not know is set aside with the reason.
 */
export function addClaimed(lease: Lease, { runs, now }: Pick<AdvanceAnswer, "runs" | "now">): void {
  const { poller } = lease;
  const asOf = Date.parse(now!);
  const circumstances = circumstancesOf(lease);
  for (const facts of runs) {
    const found = recognise(facts, poller.registry, asOf);
    const member = new Member(facts.place, found.run);
    lease.add(member);
    if (found.kind === "known") {
      moveOn(lease, member, circumstances);
    } else if (found.kind === "unreadable") {
      poller.logger.error("a run fails: what is stored of it cannot be read", { runId: facts.id, reason: found.error.message });
      lease.leave({ kind: "fail", member, error: found.error });
    } else {
      const { shape, reason } = found;
      poller.logger.warn("a run is blocked: this code does not know it", { runId: facts.id, reason });
      lease.leave({ kind: "block", member, workflow: facts.workflow, version: facts.version, shape, reason });
    }
  }
}

function applyEntry(lease: Lease, entry: Entry, answer: AdvanceAnswer): void {
  if (entry.kind === "decided") return applyDecided(lease, entry, answer);
  if (entry.kind === "fail") lease.rounds.count({ failedRuns: 1, poisoned: 1 });
  if (entry.member.isRunning) lease.revoke(entry.member, reasonOf(entry));
  else lease.remove(entry.member);
}

/** Why handlers of a run that leaves without a decision are to stop. */
function reasonOf({ kind, member }: Entry): Error {
  return kind === "fail" ? new UnneededError(member.run.id) : new Error("This run was given back: stop, it goes on elsewhere.");
}

function applyDecided(lease: Lease, { member, came, decision }: Decided, { applied_at: at }: AdvanceAnswer): void {
  lease.rounds.count({ steps: countSteps(decision), failedRuns: decision.fate.kind === "failed" ? 1 : 0 });
  const appliedAt = at == null ? lease.times.databaseNow : Date.parse(at);
  if (decision.fate.kind === "stay") lease.follow(member, atTheirTimes(decision, appliedAt), moveOnAt);
  else if (member.isRunning) lease.revoke(member, new UnneededError(member.run.id));
  else lease.remove(member);
  for (const { path, told } of came) if (told !== undefined && decision.rows.some((row) => row.path === path)) told();
}

/**
 * Sleeps that began while their run stays: the answer has just told when, by the database's clock.
 */
function atTheirTimes(decision: Decision, now: number): Decision {
  const { sleeps } = decision;
  if (sleeps.length === 0) return decision;
  const run = sleeps.reduce((known, { path, durationMs }) => withFact(known, path, sleepRow(Math.floor(now) + durationMs)), decision.run);
  return { ...decision, run };
}

/** An attempt has set more than its run's attributes can take; all else of it is stored. */
function tellLeftOut(lease: Lease, stored: readonly Entry[], { left_out: leftOut }: AdvanceAnswer): void {
  for (const { run, bytes } of leftOut ?? []) {
    const entry = stored.find(({ kind, member }) => kind === "decided" && member.run.id === run) as Decided | undefined;
    const came = entry?.came.find(({ patch }) => patch !== undefined);
    lease.poller.logger.warn(`a step's attributes are left out: with them the run's would be more than ${MAX_ATTRIBUTE_BYTES} bytes`, {
      runId: run,
      node: came?.path,
      attempt: came?.attempt,
      bytes,
    });
  }
}

/** Nothing of it is stored: it goes on with the signal, maybe elsewhere. */
function dropLate(lease: Lease, id: string): void {
  const member = lease.members.get(id);
  lease.poller.logger.info("a signal came just before its wait was over; the run was given back", { runId: id });
  if (member !== undefined) lease.revoke(member, new Error("A signal came to this run just in time: stop, the run goes on elsewhere."));
}

function dropLost(lease: Lease, id: string): void {
  const member = lease.members.get(id);
  lease.poller.logger.error("an output was refused as a duplicate; the run was given back", { runId: id });
  if (member !== undefined)
    lease.revoke(member, new Error("The output of this run was refused as a duplicate: stop, the run goes on elsewhere."));
}
