import type { RunRepository } from "../../../shared/db/run-repository.ts";
import type { QueryAsOwner } from "../../support/database.ts";
import type { VirtualTime } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Model } from "./model-shape.ts";
import type { Stored } from "./stored.ts";

interface Operated {
  readonly time: VirtualTime;
  readonly faults: Faults;
  readonly stored: Stored;
  /** The names of all workflows of the seed, those of its hooks too. */
  readonly workflows: readonly { readonly name: string }[];
}

/** A run that they may do something to. */
interface Known {
  readonly model: Model;
  /** Another one awaits it. */
  readonly isAwaited: boolean;
  redriven: number;
}

const LOOK_EVERY_MS = 5_000;
/** Poison, and what a redrive met that was on its way, beside what the model knows. */
const MORE_REDRIVES = 6;

/** Those who cancel runs and redrive them, and look how they are. */
export class Operators {
  readonly #operated: Operated;
  readonly #runs: RunRepository;
  readonly #query: QueryAsOwner;
  readonly #known = new Map<string, Known>();
  readonly #roots = new Set<string>();
  readonly cancelled = new Set<string>();
  areOver = false;
  /** When one last did something. */
  last = 0;

  constructor(operated: Operated, runs: RunRepository, query: QueryAsOwner) {
    this.#operated = operated;
    this.#runs = runs;
    this.#query = query;
  }

  begin(roots: Iterable<readonly [id: string, model: Model]>): void {
    const { time, faults } = this.#operated;
    for (const [id, model] of roots) {
      this.#roots.add(id);
      this.#known.set(id, { model, isAwaited: false, redriven: 0 });
      if (faults.random() < (model.undos.size > 0 ? 0.25 : 0.12)) time.after(faults.between(1, 120_000), () => this.#cancel(id));
    }
    time.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** A child that somebody was told of. */
  meet(id: string, model: Model, isAwaited: boolean): void {
    const { time, faults } = this.#operated;
    this.#known.set(id, { model, isAwaited, redriven: 0 });
    if (faults.random() < 0.12) time.after(faults.between(1, 30_000), () => this.#cancel(id));
  }

  async #cancel(id: string): Promise<void> {
    const { faults, stored } = this.#operated;
    if (faults.isCalm) return;
    stored.mayHaveEnded = true;
    this.cancelled.add(id);
    const undoes = this.#known.get(id)!.model.undos.size > 0 && faults.random() < 0.6;
    faults.count(undoes ? "cancel with undo" : "cancel");
    await this.#runs.cancel(id, undoes ? { undo: true } : {});
  }

  async #look(): Promise<void> {
    const { time, stored, workflows } = this.#operated;
    time.after(LOOK_EVERY_MS, () => this.#look());
    if (!stored.mayHaveEnded) return;
    stored.mayHaveEnded = false;
    const runs = await this.#query<{ id: string; status: string | null }>(
      "select r.id, e.status from baton.run r left join baton.ending e on e.run_id = r.id where r.workflow = any ($1) order by r.id",
      [workflows.map(({ name }) => name)],
    );
    const areThere = runs.filter(({ id }) => this.#roots.has(id)).length === this.#roots.size;
    const failed = runs.filter(({ id, status }) => status === "failed" && this.#mayRedrive(id));
    this.areOver = areThere && runs.every(({ status }) => status !== null) && failed.every(({ id }) => this.#known.get(id)!.isAwaited);
    for (const { id } of failed) await this.#redrive(id);
  }

  /** One that stays failed is redriven twice; one that another awaits goes on with that, mostly. */
  #mayRedrive(id: string): boolean {
    const known = this.#known.get(id);
    if (known === undefined) return false;
    const { stays, redrives } = known.model;
    if (known.isAwaited) return known.redriven < 1;
    return known.redriven < redrives + (stays ? 2 : MORE_REDRIVES);
  }

  async #redrive(id: string): Promise<void> {
    const { time, faults, stored } = this.#operated;
    const known = this.#known.get(id)!;
    if (known.isAwaited && (faults.isCalm || faults.random() < 0.9)) return;
    stored.mayHaveEnded = true;
    if (!faults.isCalm && faults.random() < 0.5) return;
    known.redriven++;
    this.last = time.now;
    faults.count("redrive");
    const answer = await this.#runs.redrive(id, {});
    if (answer?.undone !== true) return;
    known.redriven = Infinity;
    faults.count("redrive of what was undone");
  }
}
