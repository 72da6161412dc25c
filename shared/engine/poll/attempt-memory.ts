import type { Json } from "../../domain/json.ts";
import type { Memory } from "../../domain/node.ts";
import type { AttemptMove } from "../../domain/moves.ts";
import type { Attempt } from "./attempt.ts";
import type { Poller } from "./poller.ts";

/** What an attempt stores while it runs, with the rounds of its lease. */
export class AttemptMemory implements Memory {
  readonly #poller: Poller;
  readonly #attempt: Attempt;
  readonly #move: AttemptMove;
  #known: Map<string, Json> | undefined;
  /** Ends what the attempt waits for. */
  readonly #rejects = new Set<(reason: unknown) => void>();

  constructor(poller: Poller, attempt: Attempt, move: AttemptMove) {
    this.#poller = poller;
    this.#attempt = attempt;
    this.#move = move;
    attempt.signal.addEventListener("abort", () => this.#rejectAll());
  }

  #rejectAll(): void {
    for (const reject of this.#rejects) reject(this.#attempt.signal.reason);
    this.#rejects.clear();
  }

  recall(below: string): Json | undefined {
    this.#known ??= this.#move.memos!.toMap();
    return this.#known.get(`${this.#attempt.path}/${below}`);
  }

  store(below: string, output: Json, startedAt: number): Promise<void> {
    const { node, forgiven } = this.#move;
    const path = `${this.#attempt.path}/${below}`;
    const finishedAt = this.#poller.clock.now();
    const outcome = { kind: "completed", output } as const;
    const memo = {
      path,
      node,
      attempt: 1,
      forgiven,
      aborted: false,
      outcome,
      startedAt,
      finishedAt,
      statements: undefined,
      patch: undefined,
    };
    return this.#wait((resolve) => {
      this.#attempt.lease.remember(this.#attempt, { ...memo, told: resolve });
    });
  }

  pause(milliseconds: number): Promise<void> {
    return this.#wait((resolve) => void this.#poller.clock.after(milliseconds, resolve));
  }

  /** Until it is resolved, or the attempt is told to stop. */
  #wait(begin: (resolve: () => void) => void): Promise<void> {
    const { signal } = this.#attempt;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      this.#rejects.add(reject);
      begin(() => {
        this.#rejects.delete(reject);
        resolve();
      });
    });
  }

  now(): number {
    return this.#poller.clock.now();
  }

  random(): number {
    return this.#poller.random();
  }
}
