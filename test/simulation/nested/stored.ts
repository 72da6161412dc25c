import type { AdvanceAnswer, AdvanceRequest } from "../../../shared/domain/protocol.ts";

/** A round as it travels: steps by columns. */
interface Sent {
  readonly steps?: { readonly run: readonly string[]; readonly node: readonly string[] };
  readonly done?: unknown;
  readonly failed?: unknown;
  readonly cancelled?: unknown;
  readonly sleeps?: AdvanceRequest["sleeps"];
  readonly timers?: AdvanceRequest["timers"];
}

/** What the database has stored, as the answers to rounds tell. */
export class Stored {
  readonly #rows = new Set<string>();
  /** The ids of children, by their keys. */
  readonly #ids = new Map<string, string>();
  /** When sleeps end, by row. */
  readonly #ends = new Map<string, number>();
  /** When something last was. */
  last = 0;
  /** Runs may have ended since somebody looked. */
  mayHaveEnded = true;

  /** run: its id, or its key. */
  has(run: string, path: string): boolean {
    return this.#rows.has(`${this.#ids.get(run) ?? run}/${path}`);
  }

  endOf(run: string, path: string): number | undefined {
    return this.#ends.get(`${this.#ids.get(run) ?? run}/${path}`);
  }

  /** A poller is told of a run for the first time; false: not the first time. */
  name(key: string, id: string): boolean {
    const isNew = !this.#ids.has(key);
    this.#ids.set(key, id);
    return isNew;
  }

  /**
   * A round was applied; its answer, which may be that of the first copy, says for whom not.
   * inDatabase: now, as its clock says.
   */
  note(request: string, now: number, inDatabase: number, { lost: refused, stopped, late }: AdvanceAnswer): void {
    const lost = new Set([...refused, ...(late ?? [])]);
    const { steps, done, failed, cancelled, sleeps = [], timers = [] } = JSON.parse(request) as Sent;
    this.mayHaveEnded ||= done !== undefined || failed !== undefined || cancelled !== undefined || stopped.length > 0;
    steps?.run.forEach((run, n) => {
      if (!lost.has(run)) this.#keep(`${run}/${steps.node[n]!}`, now);
    });
    for (const { run, node, delay_ms: delayMs } of [...sleeps, ...timers]) {
      const row = `${run}/${node}`;
      if (lost.has(run) || stopped.includes(run) || this.#rows.has(row)) continue;
      this.#keep(row, now);
      this.#ends.set(row, inDatabase + delayMs);
    }
  }

  #keep(row: string, now: number): void {
    if (!this.#rows.has(row)) this.last = now;
    this.#rows.add(row);
  }
}
