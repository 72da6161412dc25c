import { AsyncLocalStorage } from "node:async_hooks";
import type { Decision, Wait } from "../../domain/decision.ts";
import { bytesOf, type Run } from "../../domain/run.ts";
import type { Attempt } from "./attempt.ts";
import { Changes } from "./changes.ts";
import type { HandlerLimit } from "./handler-limit.ts";
import { LeaseRounds } from "./lease-rounds.ts";
import { LeaseTimes } from "./lease-times.ts";
import type { CameBack, Leaving, Member } from "./member.ts";
import type { Poller } from "./poller.ts";
import { Results } from "./results.ts";
import { Starts, type Start } from "./starts.ts";
import { unneeded, UnneededError } from "./unneeded.ts";

/** Has a member go on whose time has come. */
type MoveOn = (lease: Lease, member: Member, until: number) => void;

/**
 * A lease in the memory of its poller: who is in it, what may start, and what waits for the next
 * round.
 *
 * Each of a member's attempts is startable, running, or back and not stored yet; or the member
 * waits for a time.
 */
export class Lease {
  readonly poller: Poller;
  readonly token: string;
  readonly handlers: HandlerLimit;
  readonly times: LeaseTimes;
  readonly rounds: LeaseRounds;
  /** What waits for the next rounds, which take it. */
  readonly results = new Results();
  readonly #changes = new Changes();
  /**
   * Calls with what asynchronous code sees where the lease was made, and leaves the caller's as it
   * was.
   */
  readonly outside = AsyncLocalStorage.snapshot();
  readonly #members = new Map<string, Member>();
  readonly #starts = new Starts();
  #running = 0;
  #bytes = 0;
  #closed: boolean;
  #lost = false;
  #outOfTime = false;

  constructor(poller: Poller, handlers: HandlerLimit, closed = false) {
    this.poller = poller;
    this.token = poller.newToken();
    this.handlers = handlers;
    this.times = new LeaseTimes(poller);
    this.rounds = new LeaseRounds(this.times);
    this.#closed = closed;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  /** Attempts that wait for a free handler. */
  get startable(): number {
    return this.#starts.size;
  }

  /** Handlers that are out. */
  get running(): number {
    return this.#running;
  }

  /** Inputs and outputs of its members, as JSON. */
  get bytes(): number {
    return this.#bytes;
  }

  /** No more claims: the invocation's time is nearly up, or the lease is of suspects. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Its members belong to others, or nobody knows: no more calls. */
  get lost(): boolean {
    return this.#lost;
  }

  /** A member had to be given back because its step does not fit into the time left. */
  get outOfTime(): boolean {
    return this.#outOfTime;
  }

  add(member: Member): void {
    this.#members.set(member.run.id, member);
    this.#bytes += bytesOf(member.run);
  }

  /**
   * Lets a member go on as it was decided, once that is stored: it begins its attempts, and is
   * looked at again at its time. moveOn: how.
   */
  follow(member: Member, { run, starts, aborts, fate }: Decision, moveOn: MoveOn): void {
    this.#update(member, run);
    if (aborts.length > 0) this.#stop(member, aborts);
    for (const move of starts) {
      member.expect(move.path);
      this.#starts.add({ member, move });
    }
    if (fate.kind === "stay" && fate.wait !== undefined) this.#wait(member, fate.wait, moveOn);
  }

  #wait(member: Member, { until, clock }: Wait, moveOn: MoveOn): void {
    const { clock: timers } = this.poller;
    const callOff = timers.after(clock - timers.now(), () => {
      moveOn(this, member, until);
      this.wake();
    });
    member.waitFor(callOff);
  }

  #update(member: Member, run: Run): void {
    this.#bytes += bytesOf(run) - bytesOf(member.run);
    member.update(run);
  }

  remove(member: Member): void {
    member.leave();
    if (this.#members.delete(member.run.id)) this.#bytes -= bytesOf(member.run);
  }

  /** Takes a member away whose run goes on elsewhere or not at all; its handler is aborted. */
  revoke(member: Member, reason: Error): void {
    this.remove(member);
    member.abort(reason);
  }

  revokeAll(reason: Error): void {
    for (const member of this.#members.values()) this.revoke(member, reason);
  }

  lose(reason: Error): void {
    this.#lost = true;
    this.revokeAll(reason);
  }

  takeStartable(): Start | undefined {
    return this.#starts.take();
  }

  /** A handler begins; timeoutMs: how long it may take. */
  begin(member: Member, attempt: Attempt, timeoutMs: number): void {
    member.begin(attempt);
    this.#running++;
    this.handlers.take();
    if (this.times.extendBusy(timeoutMs)) this.keepAlive();
  }

  /** A handler came back; what it brings is dropped where its run was taken away meanwhile. */
  end(member: Member, came: CameBack): void {
    this.#running--;
    this.times.progressed();
    if (!member.gone) this.results.comeBack(member, came);
    this.handlers.free(this);
    this.#changes.tell();
  }

  /** An attempt that goes on has something to store. */
  remember({ runId }: Attempt, memo: CameBack): void {
    const member = this.#members.get(runId);
    if (member === undefined) return;
    this.times.progressed();
    this.results.comeBack(member, memo);
    this.#changes.tell();
  }

  /** Something is to be stored of a member, although nothing came back. */
  decideAhead(member: Member, decision: Decision): void {
    member.decideAhead(decision);
    this.results.decideAhead(member);
  }

  /** Resolves when something has changed since the last time. */
  nextChange(): Promise<void> {
    return this.#changes.next();
  }

  /** Has what works this lease look again. */
  wake(): void {
    this.#changes.tell();
  }

  /** Lets a member leave with the next round, which is not put off. */
  leave(entry: Leaving): void {
    this.results.leave(entry);
    this.#changes.tell();
  }

  /** Gives a member back that has not started; nothing is counted against it. */
  giveBack(member: Member): void {
    this.leave({ kind: "release", member });
  }

  /**
   * Attempts that nobody needs any more. One that waits for a handler never begins; its coming back
   * says so, and has the member decided on.
   */
  #stop(member: Member, paths: readonly string[]): void {
    const isMeant = (start: Start) => start.member === member && paths.includes(start.move.path);
    for (const start of this.#starts.takeWhere(isMeant)) this.results.comeBack(member, unneeded(start.move, this.poller.clock.now()));
    member.abortAttempts(paths, new UnneededError(member.run.id));
    this.#changes.tell();
  }

  /**
   * There is no time left for an attempt: the lease claims no more, and its member is given back
   * once nothing of it is out.
   */
  putOff({ member, move }: Start): void {
    this.#closed = true;
    this.#outOfTime = true;
    member.putOff(move.path);
    this.#giveBackIdle(member);
  }

  #giveBackIdle(member: Member): void {
    if (!member.gone && member.out.size === 0 && !member.hasCome) this.giveBack(member);
  }

  /** Puts off the attempts that wait for a handler and would start too late. */
  putOffTheLate(isLate: (start: Start) => boolean): void {
    for (const start of this.#starts.takeWhere(isLate)) this.putOff(start);
  }

  /** Gives back all of which nothing but attempts that wait for a handler is out. */
  giveBackStartable(): void {
    for (const { member, move } of this.#starts.takeWhere(({ member: of }) => !of.isRunning)) {
      member.putOff(move.path);
      this.#giveBackIdle(member);
    }
  }

  /**
   * Lets the heartbeat keep the lease until its steps' own timeouts and the reserve are over, or
   * the invocation is.
   */
  keepAlive(): void {
    const { heartbeat, remainingMs } = this.poller;
    heartbeat?.keep(this.token, this.times.sinceHeardMs, Math.max(Math.min(this.times.busyForMs, remainingMs()), 0));
  }
}
