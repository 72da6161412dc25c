import { seededRandom } from "../../support/random.ts";
import { holdsRepeat } from "./spec.ts";
import type { ChainSpec, Doom, HandlerSpec, NodeSpec, WorkflowSpec } from "./spec.ts";

/** Where a chain is made. */
interface Site {
  readonly depth: number;
  readonly deepest: number;
  readonly mayEnd: boolean;
  /** How handlers may fail for good there, with what share of them. */
  readonly dooms: readonly (readonly [Doom, number])[];
  /** How many nodes there may be. */
  readonly room: number;
}

const olderLeaves = ["step", "step", "step", "step", "sql", "script", "sleep"] as const;
const leaves = ["step", "step", "step", "sql", "script", "sleep", "sleep", "approval", "callback"] as const;

const plainDooms = [
  ["stays", 0.01],
  ["heals", 0.08],
] as const;

/** Makes workflows of nodes of every kind, nested at random. */
export class Generator {
  readonly #random: () => number;
  readonly #knowsAnswers: boolean;
  #named = 0;

  /** knowsAnswers: keys, approvals and callbacks too, which older seeds have not met. */
  constructor(seed: number, knowsAnswers: boolean) {
    this.#random = seededRandom(seed).random;
    this.#knowsAnswers = knowsAnswers;
  }

  workflow(name: string): WorkflowSpec {
    this.#named = 0;
    const deepest = this.#random() < 0.1 ? 8 : this.#pick([1, 2, 2, 3, 3, 4]);
    return { name, chain: this.#chain({ depth: 0, deepest, mayEnd: true, dooms: plainDooms, room: 4 }, 1) };
  }

  #pick<Value>(values: readonly Value[]): Value {
    return values[Math.floor(this.#random() * values.length)]!;
  }

  #between(fewest: number, most: number): number {
    return fewest + Math.floor(this.#random() * (most - fewest + 1));
  }

  #name(): string {
    return `n${this.#named++}`;
  }

  #chain(site: Site, fewest: number): ChainSpec {
    const nodes = Array.from({ length: this.#between(fewest, Math.max(site.room, fewest)) }, () => this.#node(site));
    const ends = site.mayEnd && site.depth > 0 && this.#random() < 0.3;
    return { nodes, end: ends ? { ...this.#handler(site, "end"), name: "~end", when: undefined, retry: {}, flaky: 0 } : undefined };
  }

  #node(site: Site): NodeSpec {
    const holds = site.depth < site.deepest && this.#random() < (site.deepest > 4 ? 0.8 : 0.55);
    const kind = holds ? this.#pick(["all", "choose", "map", "repeat"] as const) : this.#pick(this.#knowsAnswers ? leaves : olderLeaves);
    if (kind === "approval") return this.#approval(site);
    if (kind === "callback") return this.#callback(site);
    if (kind === "step" || kind === "sql" || kind === "script") return this.#handler(site, kind);
    if (kind === "sleep") return this.#sleep();
    const below = { ...site, depth: site.depth + 1, room: site.deepest > 4 ? 1 : 3 };
    if (kind === "map") return this.#map(below);
    return kind === "repeat" ? this.#repeat(below) : this.#parts(below, kind);
  }

  /** Every other one waits for a signal instead, that comes or not. */
  #sleep(): NodeSpec {
    const name = this.#name();
    const ms = this.#pick([0, 40, 700, 1_900, 4_000, 45_000]);
    const chance = this.#random();
    if (chance < 0.25) return this.#wait(name, true, undefined);
    if (chance >= 0.75) return this.#wait(name, chance >= 0.85, ms);
    return { kind: "sleep", name, ms, computed: chance < 0.5 };
  }

  #wait(name: string, isAnswered: boolean, timeoutMs: number | undefined): NodeSpec {
    const all = this.#knowsAnswers && this.#random() < 0.3 ? [`${name}a`, `${name}b`] : undefined;
    return { kind: "waitFor", name, all, isAnswered, isKeyed: this.#knowsAnswers && this.#random() < 0.5, timeoutMs };
  }

  /** Of one that expires, asking does not fail for good: that would be a race. */
  #approval(site: Site): NodeSpec {
    const chance = this.#random();
    const timeoutMs = chance < 0.5 ? undefined : this.#pick([0, 700, 4_000, 20_000, 45_000]);
    const ask = this.#handler(timeoutMs === undefined ? site : { ...site, dooms: [] }, "ask");
    return { kind: "approval", name: ask.name, ask, isAnswered: chance < 0.75, timeoutMs };
  }

  #callback(site: Site): NodeSpec {
    const handler = this.#handler(site, "call");
    return { kind: "callback", name: handler.name, handler, beats: this.#random() < 0.5 };
  }

  #handler({ dooms }: Site, kind: HandlerSpec["kind"]): HandlerSpec {
    const flaky = this.#random() < 0.3 ? this.#between(1, 3) : 0;
    const backoff = this.#pick(["50 milliseconds", "900 milliseconds", "3 seconds", "20 seconds"] as const);
    // Statements whose outcome stays unknown, and steps that wait long to be stored, are failed
    // attempts beside its own.
    const maxAttempts = kind !== "step" && kind !== "end" ? 1_000 : flaky + this.#between(1, 2);
    return {
      kind,
      name: kind === "end" ? "" : this.#name(),
      gives: this.#pick(["place", "place", "text", "number", "nothing"] as const),
      when: (kind === "step" || kind === "sql") && this.#random() < 0.2 ? 0.6 : undefined,
      flaky,
      doom: dooms.find(([, share]) => this.#random() < share)?.[0] ?? "never",
      retry: { maxAttempts, backoff, maxBackoff: "40 seconds", jitter: this.#pick(["none", "full"] as const) },
      mostMs: this.#pick([0, 0, 0, 0, 200, 2_500]),
    };
  }

  #parts(site: Site, kind: "all" | "choose"): NodeSpec {
    const below = { ...site, mayEnd: site.mayEnd && kind === "choose" };
    const name = this.#name();
    const names = ["left", "right", "middle"].slice(0, this.#between(1, 3));
    const parts = Object.fromEntries(
      names.map((part, n) => [part, this.#chain(below, (n > 0 || kind === "choose") && this.#random() < 0.1 ? 0 : 1)]),
    );
    return { kind, name, parts };
  }

  #map(site: Site): NodeSpec {
    const name = this.#name();
    const isLarge = site.depth === 1 && this.#random() < 0.06;
    const tolerate = this.#random() < 0.4 ? this.#pick([1, 3, "50 %", "100 %"] as const) : undefined;
    const tolerant: Site["dooms"] = [
      ["stays", 0.25],
      ["heals", 0.15],
    ];
    const dooms: Site["dooms"] = isLarge ? [] : tolerate === undefined ? site.dooms : tolerant;
    const chain = this.#chain(
      { ...site, mayEnd: false, dooms, deepest: isLarge ? site.depth : site.deepest, room: isLarge ? 1 : site.room },
      1,
    );
    return {
      kind: "map",
      name,
      fewest: isLarge ? 95 : this.#pick([0, 1, 2]),
      most: isLarge ? 215 : this.#pick([2, 3, 5]),
      concurrency: isLarge ? this.#pick([20, 60, 300]) : this.#pick([1, 2, 3, 10]),
      tolerate,
      collects: this.#random() < (isLarge ? 0.8 : 0.4),
      chain,
    };
  }

  #repeat(site: Site): NodeSpec {
    const name = this.#name();
    const chain = this.#chain({ ...site, mayEnd: false }, 0);
    const here: HandlerSpec = { ...this.#handler({ ...site, dooms: [] }, "step"), when: undefined, gives: "place" };
    const isFirst = holdsRepeat(chain) || this.#random() < 0.5;
    const most = this.#pick([1, 2, 3]);
    return {
      kind: "repeat",
      name,
      most,
      max: this.#random() < 0.1 ? 1 : most + this.#pick([0, 2]),
      everyMs: this.#random() < 0.4 ? this.#pick([1, 300, 1_500, 30_000]) : undefined,
      chain: { nodes: isFirst ? [here, ...chain.nodes] : [...chain.nodes, here] },
      here: here.name,
    };
  }
}
