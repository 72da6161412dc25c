import type { Outcome } from "../../domain/decision.ts";
import type { Attempt } from "./attempt.ts";
import { requestBytes, type CameBack, type Decided, type Entry, type Leaving, type Member } from "./member.ts";

/** Decides about a member, from what came back of it. */
export type Decide = (member: Member, came: readonly CameBack[]) => Decided;

/** What waits in a lease to be stored with its next rounds. */
export class Results {
  readonly #leaving: Leaving[] = [];
  /** Members to decide about, in the order in which something came back. */
  readonly #plain = new Set<Member>();
  /** With statements, each in a transaction with its round. */
  readonly #statements = new Set<Member>();

  get size(): number {
    return this.#leaving.length + this.#plain.size + this.#statements.size;
  }

  leave(entry: Leaving): void {
    this.#leaving.push(entry);
  }

  comeBack(member: Member, came: CameBack): void {
    member.comeBack(came);
    (came.statements === undefined ? this.#plain : this.#statements).add(member);
  }

  /** There is something to store of it, although nothing came back. */
  decideAhead(member: Member): void {
    this.#plain.add(member);
  }

  /**
   * Those of the next round, up to the bytes that one request may have. What came back of a member
   * that leaves is dropped: the round would store its ending and put it back.
   */
  take(mostBytes: number, decide: Decide): Entry[] {
    const taken: Entry[] = this.#takeLeaving();
    const leaving = new Set(taken.map(({ member }) => member));
    let bytes = 0;
    for (const member of this.#plain) {
      if (bytes >= mostBytes) break;
      this.#plain.delete(member);
      if (member.gone || leaving.has(member) || !member.hasPlain) continue;
      const entry = decide(member, member.takePlain());
      taken.push(entry);
      bytes += requestBytes(entry);
    }
    return taken;
  }

  #takeLeaving(): Leaving[] {
    return this.#leaving.splice(0).filter(({ member }) => !member.gone);
  }

  /** One of each member at most. One that cannot be stored anyway goes without its statements. */
  takeStatements(most: number, decide: Decide): Decided[] {
    const taken: Decided[] = [];
    for (const member of [...this.#statements].slice(0, most)) {
      this.#statements.delete(member);
      if (member.gone) continue;
      const came = member.takeStatements();
      if (member.hasStatements) this.#statements.add(member);
      const entry = decide(member, came);
      if (entry.decision.rows.length > 0) taken.push(entry);
      else for (const each of came) this.comeBack(member, withoutStatements(each));
    }
    return taken;
  }

  /** Makes a failed one of an attempt that came back well, unless it is decided on. */
  failLate({ lease, runId, path, number }: Attempt, outcome: Outcome): boolean {
    const member = lease.members.get(runId);
    const isMeant = (came: CameBack) => came.path === path && came.attempt === number && came.outcome.kind === "completed";
    if (member?.replaceCame(isMeant, (came) => ({ ...withoutStatements(came), outcome })) !== true) return false;
    this.#plain.add(member);
    return true;
  }
}

export function withoutStatements(came: CameBack): CameBack {
  return { ...came, statements: undefined };
}
