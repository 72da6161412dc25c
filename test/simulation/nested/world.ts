import { v7 } from "uuid";
import { runRepository } from "../../../shared/db/run-repository.ts";
import type { Database } from "../../../shared/db/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { seededRandom } from "../../support/random.ts";
import { buildWorkflow } from "./build.ts";
import { VirtualTime } from "./clock.ts";
import { Faults } from "./faults.ts";
import { Generator } from "./generate.ts";
import { modelOf, type Model } from "./model.ts";
import { Operators } from "./operators.ts";
import { Pollers } from "./pollers.ts";
import { Senders } from "./senders.ts";
import type { WorkflowSpec } from "./spec.ts";
import { Stage } from "./stage.ts";
import { Stored } from "./stored.ts";
import { Traffic } from "./traffic.ts";
import { judge } from "./verdict.ts";

/** What is counted over all seeds. */
export interface Tally {
  readonly met: Map<string, number>;
  runs: number;
  handlers: number;
  rows: number;
  calls: number;
}

/** A database with the connections that all its seeds share. */
export interface Ground {
  readonly database: TestDatabase;
  readonly poller: Database;
  readonly operator: Database;
  readonly producer: Database;
  /** The time of the next call. */
  now: () => number;
}

const MOST_ROWS = 80;
const MOST_ROWS_OF_LARGE = 700;
/** So long nothing at all happens only to a run that is stuck. */
const STUCK_MS = 1_200_000;
/** So many calls are only those of one that goes in circles. */
const MOST_CALLS = 4_000;

/** Lives through one seed, and tells what went wrong. */
export async function liveThrough(seed: number, ground: Ground, tally: Tally): Promise<string[]> {
  const world = new World(seed, ground, tally);
  return world.live();
}

class World {
  readonly #seed: number;
  readonly #ground: Ground;
  readonly #tally: Tally;
  readonly #time: VirtualTime;
  readonly #faults: Faults;
  readonly #stored = new Stored();
  readonly #stage: Stage;
  readonly #traffic: Traffic;
  readonly #operators: Operators;
  readonly #senders: Senders;

  constructor(seed: number, ground: Ground, tally: Tally) {
    this.#seed = seed;
    this.#ground = ground;
    this.#tally = tally;
    this.#time = new VirtualTime(ground.now() + 1);
    ground.now = () => (tally.calls++, this.#time.now);
    this.#faults = new Faults(seededRandom(seed ^ 0x5eed).random, tally.met);
    this.#stage = new Stage(this.#time, this.#faults, this.#stored);
    this.#traffic = new Traffic(this.#time, this.#faults, runRepository(ground.poller), this.#stored);
    const operated = { time: this.#time, faults: this.#faults, models: this.#stage.models, stored: this.#stored };
    this.#senders = new Senders({
      time: this.#time,
      faults: this.#faults,
      runs: runRepository(ground.producer),
      query: ground.database.query,
    });
    this.#operators = new Operators(operated, runRepository(ground.operator), ground.database.query);
  }

  async live(): Promise<string[]> {
    const { wrong, models } = this.#stage;
    const specs = this.#specs();
    const workflows = specs.map((spec) => buildWorkflow(spec, this.#stage));
    for (const spec of specs) this.#enqueue(spec);
    const { time, faults } = { time: this.#time, faults: this.#faults };
    const site = { time, faults, workflows, storeFor: this.#traffic.storeFor.bind(this.#traffic), newId: () => this.#newId(), wrong };
    const pollers = new Pollers(site, 2);
    this.#operators.begin();
    const before = this.#tally.calls;
    const isWrong = () => wrong.length > 0 || this.#traffic.unlawful.length > 0 || this.#tally.calls > before + MOST_CALLS;
    await time.runUntil(() => isWrong() || this.#operators.areOver, time.now + faults.between(30_000, 240_000));
    faults.calm();
    const calmed = time.now;
    const isStuck = () => time.now - Math.max(calmed, this.#stored.last, this.#operators.last, pollers.thawedAt) > STUCK_MS;
    await time.runUntil(() => isWrong() || isStuck() || (this.#operators.areOver && time.now > pollers.thawedAt), Infinity);
    await this.#traffic.drain();
    wrong.push(...this.#traffic.unlawful.map((thrown) => `a copy met ${(thrown as Error).message}`));
    wrong.push(...(await judge(this.#ground.database.query, models, this.#operators, this.#tally)));
    this.#tally.runs += models.size;
    this.#tally.handlers += this.#stage.handlers;
    return wrong;
  }

  /** Workflows of which a run is neither too large nor too long. */
  #specs(): WorkflowSpec[] {
    const generator = new Generator(this.#seed);
    const count = this.#faults.random() < 0.3 ? 2 : 1;
    const specs: WorkflowSpec[] = [];
    while (specs.length < count) {
      const spec = generator.workflow(`seed-${this.#seed}-${specs.length}`);
      if (isMeasured(modelOf(spec, {}))) specs.push(spec);
    }
    return specs;
  }

  #enqueue(spec: WorkflowSpec): void {
    const runs = runRepository(this.#ground.producer);
    for (let n = this.#faults.random() < 0.3 ? 2 : 1; n > 0; n--) {
      const id = this.#newId();
      this.#stage.models.set(id, modelOf(spec, { run: id }));
      const run = { id, workflow: spec.name, version: 1, priority: 2, input: { run: id } };
      this.#time.after(this.#faults.between(1, 20_000), async () => {
        await runs.enqueue({ runs: [run] });
        this.#senders.begin(id, spec);
      });
    }
  }

  #newId(): string {
    return v7({ msecs: this.#time.now, random: Uint8Array.from({ length: 16 }, () => Math.floor(this.#faults.random() * 256)) });
  }
}

function isMeasured({ rows, redrives }: Model): boolean {
  const hasFold = rows.size > MOST_ROWS && [...rows.keys()].some((path) => path.includes("/~fold/"));
  return redrives <= 8 && rows.size <= (hasFold ? MOST_ROWS_OF_LARGE : MOST_ROWS);
}
