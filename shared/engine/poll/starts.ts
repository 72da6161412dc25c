import type { AttemptMove } from "../../domain/moves.ts";
import type { Member } from "./member.ts";

/** An attempt that may begin. */
export interface Start {
  readonly member: Member;
  readonly move: AttemptMove;
}

/** Attempts that wait for a free handler, in the order in which they may begin. */
export class Starts {
  #list: Start[] = [];

  get size(): number {
    return this.#list.length;
  }

  add(start: Start): void {
    this.#list.push(start);
  }

  /** The next one of a member that is there. */
  take(): Start | undefined {
    for (;;) {
      const start = this.#list.shift();
      if (start?.member.gone !== true) return start;
    }
  }

  /** Those for which this holds, which then begin no more. */
  takeWhere(isMeant: (start: Start) => boolean): Start[] {
    const taken = this.#list.filter(isMeant);
    if (taken.length > 0) this.#list = this.#list.filter((start) => !taken.includes(start));
    return taken;
  }
}
