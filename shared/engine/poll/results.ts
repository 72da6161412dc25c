import type { Attempt } from "./attempt.ts";
import { bytesOf, type Finished, type FinishedNode } from "./member.ts";

/** What waits in a lease to be stored with its next rounds. */
export class Results {
  readonly #finished: Finished[] = [];
  /** With statements, each in a transaction with its round. */
  readonly #statements: FinishedNode[] = [];

  get size(): number {
    return this.#finished.length + this.#statements.length;
  }

  add(entry: Finished): void {
    if (entry.kind === "node" && entry.statements !== undefined) this.#statements.push(entry);
    else this.#finished.push(entry);
  }

  /** Those of the next round, up to the bytes that one request may have. */
  take(mostBytes: number): Finished[] {
    const taken: Finished[] = [];
    let bytes = 0;
    while (this.#finished.length > 0 && bytes < mostBytes) {
      const entry = this.#finished.shift()!;
      if (entry.member.gone) continue;
      taken.push(entry);
      bytes += bytesOf(entry);
    }
    return taken;
  }

  takeStatements(most: number): FinishedNode[] {
    return this.#statements.splice(0, most).filter(({ member }) => !member.gone);
  }

  /**
   * Takes out what came of an attempt, unless it failed anyway. A search, since an attempt that
   * knew its result would keep it alive.
   */
  takeBack(attempt: Attempt): FinishedNode | undefined {
    return takeBack(this.#finished, attempt) ?? takeBack(this.#statements, attempt);
  }
}

function takeBack(waiting: Finished[], { runId, node, number }: Attempt): FinishedNode | undefined {
  const at = waiting.findIndex(
    (entry) => entry.kind === "node" && entry.member.run.id === runId && entry.node.name === node && entry.attempt === number,
  );
  const kept = waiting[at] as FinishedNode | undefined;
  if (kept === undefined || kept.transition.kind === "retry" || kept.transition.kind === "fail") return undefined;
  waiting.splice(at, 1);
  return kept;
}
