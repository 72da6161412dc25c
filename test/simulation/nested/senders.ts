import type { RunRepository } from "../../../shared/db/run-repository.ts";
import type { QueryAsOwner } from "../../support/database.ts";
import type { VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { signalsIn, type WorkflowSpec } from "./spec.ts";

interface Sending {
  readonly time: VirtualTime;
  readonly faults: Faults;
  /** Sends as a producer. */
  readonly runs: RunRepository;
  readonly query: QueryAsOwner;
}

/** So many may lie there that no node has taken. */
const MOST_UNTAKEN = 2;

/**
 * Those who send signals to runs, again and again until they have ended: each may be lost or come
 * twice.
 */
export class Senders {
  readonly #sending: Sending;
  #sent = 0;

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  begin(run: string, { chain }: WorkflowSpec): void {
    for (const name of signalsIn(chain)) this.#later(run, name, `s${this.#sent++}`);
  }

  #later(run: string, name: string, id: string): void {
    const { time, faults } = this.#sending;
    time.after(faults.between(1, 40_000), () => this.#send(run, name, id));
  }

  async #send(run: string, name: string, id: string): Promise<void> {
    const { faults, runs, query } = this.#sending;
    const [there] = await query<{ n: number }>("select count(*)::int as n from baton.message where run_id = $1 and name = $2", [run, name]);
    if (there!.n >= MOST_UNTAKEN || (!faults.isCalm && faults.random() < 0.2)) return this.#later(run, name, id);
    const request = { run, name, body: { told: name }, id, checked: true } as const;
    const { status } = await runs.signal(request);
    faults.count(`signal ${status}`);
    if (status === "ended") return this.#mayGoOn(run, name);
    const isLost = !faults.isCalm && faults.random() < 0.3;
    this.#later(run, name, isLost ? id : `s${this.#sent++}`);
  }

  /** A redrive may let it go on. */
  async #mayGoOn(run: string, name: string): Promise<void> {
    const [ending] = await this.#sending.query<{ status: string }>("select status from baton.ending where run_id = $1", [run]);
    if (ending === undefined || ending.status === "failed") this.#later(run, name, `s${this.#sent++}`);
  }
}
