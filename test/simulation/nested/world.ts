import { v7 } from "uuid";
import { runRepository } from "../../../shared/db/run-repository.ts";
import type { Database } from "../../../shared/db/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { seededRandom } from "../../support/random.ts";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import { Answerers } from "./answerers.ts";
import { buildWorkflows } from "./build.ts";
import { DatabaseClock, VirtualTime } from "./clock.ts";
import { hooksRequest, manifestOf } from "../../../infra/migrate/hooks.ts";
import { Families } from "./families.ts";
import { Faults } from "./faults.ts";
import { Generator } from "./generate.ts";
import { familyOf, type Model } from "./model-shape.ts";
import { modelOf } from "./model.ts";
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
  readonly signaller: Database;
  /** The time of the next call. */
  now: () => number;
  /** The latest that any has had. */
  last: number;
  /** Workflows in whose time the clock was set back: times do not say what came first. */
  readonly setBack: Set<string>;
}

const MOST_ROWS = 80;
const MOST_ROWS_OF_LARGE = 700;
const MOST_RUNS = 10;
const MORE_ROWS = 60;
const MOST_REDRIVES = 8;
/** So long nothing at all happens only to a run that is stuck. */
const STUCK_MS = 1_200_000;
/** So many calls are only those of one that goes in circles. */
const MOST_CALLS = 4_000;

/** One course of things. */
export interface Seed {
  readonly seed: number;
  /**
   * By the generator of which time: the first knew no keys, approvals and callbacks, and nobody set
   * the database's clock; the second knew neither children nor hooks nor undos. Default: of now.
   */
  readonly by?: "first" | "second";
}

/** Lives through one seed, and tells what went wrong. */
export async function liveThrough(seed: Seed, ground: Ground, tally: Tally): Promise<string[]> {
  const world = new World(seed, ground, tally);
  return world.live();
}

class World {
  readonly #seed: Seed;
  readonly #ground: Ground;
  readonly #tally: Tally;
  readonly #time: VirtualTime;
  readonly #clock: DatabaseClock;
  readonly #faults: Faults;
  readonly #stored = new Stored();
  readonly #workflows: AnyWorkflow[] = [];
  readonly #roots = new Map<string, Model>();
  readonly #answerers: Answerers;
  readonly #stage: Stage;
  readonly #traffic: Traffic;
  readonly #operators: Operators;
  readonly #senders: Senders;

  constructor(seed: Seed, ground: Ground, tally: Tally) {
    this.#seed = seed;
    this.#ground = ground;
    this.#tally = tally;
    const time = (this.#time = new VirtualTime(Math.max(ground.now(), ground.last) + 1));
    this.#clock = new DatabaseClock(time);
    ground.now = () => (tally.calls++, (ground.last = Math.max(ground.last, this.#clock.now)), this.#clock.now);
    const faults = (this.#faults = new Faults(seededRandom(seed.seed ^ 0x5eed).random, tally.met));
    this.#answerers = new Answerers({ time, faults, runs: runRepository(ground.signaller) }, this.#workflows);
    this.#stage = new Stage(this.#clock, faults, this.#stored, this.#answerers);
    this.#traffic = new Traffic(time, this.#clock, faults, runRepository(ground.poller), this.#stored);
    const operated = { time, faults, stored: this.#stored, workflows: this.#workflows };
    this.#senders = new Senders({ time, faults, runs: runRepository(ground.producer), query: ground.database.query });
    this.#traffic.onChild = this.#meetChild.bind(this);
    this.#operators = new Operators(operated, runRepository(ground.operator), ground.database.query);
  }

  async live(): Promise<string[]> {
    const { wrong } = this.#stage;
    const specs = this.#specs();
    const workflows = this.#workflows;
    workflows.push(...specs.flatMap((spec) => buildWorkflows(spec, this.#stage)));
    await this.#deploy();
    for (const spec of specs) this.#enqueue(spec);
    const { time, faults } = { time: this.#time, faults: this.#faults };
    const site = { time, faults, workflows, storeFor: this.#traffic.storeFor.bind(this.#traffic), newId: () => this.#newId(), wrong };
    const pollers = new Pollers(site, 2);
    this.#operators.begin(this.#roots);
    if (this.#seed.by !== "first") this.#setClock();
    const before = this.#tally.calls;
    const isWrong = () =>
      wrong.length > 0 || this.#answerers.wrong.length > 0 || this.#traffic.unlawful.length > 0 || this.#tally.calls > before + MOST_CALLS;
    await time.runUntil(() => isWrong() || this.#operators.areOver, time.now + faults.between(30_000, 240_000));
    faults.calm();
    const calmed = time.now;
    const isStuck = () => time.now - Math.max(calmed, this.#stored.last, this.#operators.last, pollers.thawedAt) > STUCK_MS;
    await time.runUntil(() => isWrong() || isStuck() || (this.#operators.areOver && time.now > pollers.thawedAt), Infinity);
    await this.#traffic.drain();
    wrong.push(...this.#traffic.unlawful.map((thrown) => `a copy met ${(thrown as Error).message}`));
    wrong.push(...this.#answerers.wrong);
    wrong.push(...(await this.#judge()));
    this.#tally.handlers += this.#stage.handlers;
    return wrong;
  }

  /** Workflows of which a run is neither too large nor too long. */
  #specs(): WorkflowSpec[] {
    const { seed, by } = this.#seed;
    const generator = new Generator(seed, by !== "first");
    const families = new Families(seed);
    const count = this.#faults.random() < 0.3 ? 2 : 1;
    const specs: WorkflowSpec[] = [];
    while (specs.length < count) {
      const spec = generator.workflow(`${by ?? "seed"}-${seed}-${specs.length}`);
      if (isMeasured(modelOf(spec, {}))) specs.push(by === undefined ? grown(families, spec) : spec);
    }
    return specs;
  }

  #enqueue(spec: WorkflowSpec): void {
    const runs = runRepository(this.#ground.producer);
    for (let n = this.#faults.random() < 0.3 ? 2 : 1; n > 0; n--) {
      const id = this.#newId();
      this.#roots.set(id, modelOf(spec, { run: id }));
      for (const { key, model } of familyOf(id, this.#roots.get(id)!)) this.#stage.models.set(key, model);
      this.#senders.begin({ run: id, key: id }, spec, false);
      const run = { id, workflow: spec.name, version: 1, priority: 2, input: { run: id } };
      this.#time.after(this.#faults.between(1, 20_000), async () => {
        await runs.enqueue({ runs: [run] });
        this.#senders.begin({ run: id, key: id }, spec, true);
      });
    }
  }

  /** What follows endings is said before anything ends. */
  async #deploy(): Promise<void> {
    const manifest = manifestOf(this.#workflows);
    if (manifest.some(({ hooks }) => hooks !== undefined))
      await this.#ground.database.query("select baton.replace_hooks($1)", [hooksRequest(manifest)]);
  }

  /** Somebody sends signals to a child, and may cancel it, as soon as it is known. */
  #meetChild(id: string, key: string): void {
    const child = [...this.#roots].flatMap(([root, model]) => familyOf(root, model)).find((one) => one.key === key);
    // Of another seed, which went wrong and left it; what is none of this one's models is judged.
    if (child === undefined) return;
    this.#operators.meet(id, child.model, child.isAwaited);
    for (const isThere of [false, true]) this.#senders.begin({ run: id, key }, child.model.spec, isThere);
  }

  #judge(): Promise<string[]> {
    const { query } = this.#ground.database;
    return judge({
      query,
      roots: this.#roots,
      workflows: this.#workflows,
      cancelled: this.#operators.cancelled,
      undone: this.#stage.undone,
      answerers: this.#answerers,
      senders: this.#senders,
      faults: this.#faults,
      tally: this.#tally,
    });
  }

  /** Somebody sets the database's clock, until all is calm. */
  #setClock(): void {
    const faults = this.#faults;
    this.#time.after(faults.between(1, 150_000), () => {
      if (faults.isCalm) return;
      faults.count("clock set");
      if (this.#clock.setTo([-40_000, -2_000, 0, 2_000, 100_000][faults.between(0, 4)]!))
        for (const { name } of this.#workflows) this.#ground.setBack.add(name);
      this.#setClock();
    });
  }

  #newId(): string {
    return v7({ msecs: this.#time.now, random: Uint8Array.from({ length: 16 }, () => Math.floor(this.#faults.random() * 256)) });
  }
}

/** With a family that is not too large. */
function grown(families: Families, spec: WorkflowSpec): WorkflowSpec {
  const most = modelOf(spec, {}).rows.size + MORE_ROWS;
  for (;;) {
    const grown = families.grow(spec);
    const all = familyOf("", modelOf(grown, {}));
    const rows = all.reduce((sum, { model }) => sum + model.rows.size, 0);
    if (all.length <= MOST_RUNS && rows <= most && all[0]!.model.redrives <= MOST_REDRIVES) return grown;
  }
}

function isMeasured({ rows, redrives }: Model): boolean {
  const hasFold = rows.size > MOST_ROWS && [...rows.keys()].some((path) => path.includes("/~fold/"));
  return redrives <= MOST_REDRIVES && rows.size <= (hasFold ? MOST_ROWS_OF_LARGE : MOST_ROWS);
}
