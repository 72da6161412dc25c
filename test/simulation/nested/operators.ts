import type { RunRepository } from "../../../shared/db/run-repository.ts";
import type { QueryAsOwner } from "../../support/database.ts";
import type { VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Model } from "./model.ts";
import type { Stored } from "./stored.ts";

interface Operated {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly models: ReadonlyMap<string, Model>;
  readonly stored: Stored;
}

const LOOK_EVERY_MS = 5_000;
/** Poison, and what a redrive met that was on its way, beside what the model knows. */
const MORE_REDRIVES = 6;

/** Those who cancel runs and redrive them, and look how they are. */
export class Operators {
  readonly #operated: Operated;
  readonly #runs: RunRepository;
  readonly #query: QueryAsOwner;
  readonly cancelled = new Set<string>();
  readonly #redriven = new Map<string, number>();
  areOver = false;
  /** When one last did something. */
  last = 0;

  constructor(operated: Operated, runs: RunRepository, query: QueryAsOwner) {
    this.#operated = operated;
    this.#runs = runs;
    this.#query = query;
  }

  begin(): void {
    const { time, faults, models } = this.#operated;
    for (const id of models.keys()) if (faults.random() < 0.12) time.after(faults.between(1, 120_000), () => this.#cancel(id));
    time.after(LOOK_EVERY_MS, () => this.#look());
  }

  async #cancel(id: string): Promise<void> {
    const { faults, stored } = this.#operated;
    if (faults.isCalm) return;
    stored.mayHaveEnded = true;
    this.cancelled.add(id);
    faults.count("cancel");
    await this.#runs.cancel(id);
  }

  async #look(): Promise<void> {
    const { time, models, stored } = this.#operated;
    time.after(LOOK_EVERY_MS, () => this.#look());
    if (!stored.mayHaveEnded) return;
    stored.mayHaveEnded = false;
    const ended = await this.#query<{ id: string; status: string }>(
      "select run_id as id, status from baton.ending where run_id = any ($1)",
      [[...models.keys()]],
    );
    const failed = ended.filter(({ id, status }) => status === "failed" && this.#mayRedrive(id));
    this.areOver = ended.length === models.size && failed.length === 0;
    for (const { id } of failed) await this.#redrive(id);
  }

  /** One that stays failed is redriven twice. */
  #mayRedrive(id: string): boolean {
    const { stays, redrives } = this.#operated.models.get(id)!;
    return (this.#redriven.get(id) ?? 0) < redrives + (stays ? 2 : MORE_REDRIVES);
  }

  async #redrive(id: string): Promise<void> {
    const { time, faults, stored } = this.#operated;
    stored.mayHaveEnded = true;
    if (!faults.isCalm && faults.random() < 0.5) return;
    this.#redriven.set(id, (this.#redriven.get(id) ?? 0) + 1);
    this.last = time.now;
    faults.count("redrive");
    await this.#runs.redrive(id, {});
  }
}
