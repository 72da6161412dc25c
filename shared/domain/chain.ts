import type { Family } from "./family.ts";
import type { Json } from "./json.ts";
import type { Mail } from "./mail.ts";
import type { Node, State } from "./node.ts";
import { Outputs } from "./outputs.ts";
import { isRow, type Fact, type Fatal, type Look, type Scene, type Standing } from "./standing.ts";

/** Nodes, one after the other: those of a workflow, or below a node. */
export interface Chain {
  readonly nodes: readonly Node[];
  /** The position of each, by its name. */
  readonly positions: ReadonlyMap<string, number>;
}

export function createChain(nodes: readonly Node[]): Chain {
  return { nodes, positions: new Map(nodes.map(({ name }, position) => [name, position])) };
}

/** Whether a row below a chain may have that path, from the name of its node on. */
export function chainHolds({ nodes, positions }: Chain, below: string): boolean {
  const name = firstOf(below);
  const position = positions.get(name);
  return position !== undefined && nodes[position]!.holds(below.slice(name.length + 1));
}

/** A path up to its first `/`, from an index on. */
export function firstOf(path: string, from = 0): string {
  const end = path.indexOf("/", from);
  return path.slice(from, end < 0 ? undefined : end);
}

/** Facts of nodes that come later, which were told before those of the node that is reached. */
type Early = Map<number, [path: string, fact: Fact][]>;

const none = new Outputs([]);

/** Where a chain begins. prefix: what comes before its nodes' names, such as `checks/credit/`. */
export function beginChain(chain: Chain, prefix: string): ChainStanding {
  return new ChainStanding(chain, prefix, 0, none, 0, chain.nodes[0]?.begin(prefix + chain.nodes[0].name)).settle();
}

/** Where a chain stands: at its first node that is not over. */
export class ChainStanding implements Standing {
  readonly chain: Chain;
  private readonly prefix: string;
  /** How many nodes are over. */
  readonly position: number;
  readonly outputs: Outputs;
  /** The size of what is stored of these. */
  private readonly passed: number;
  /** Undefined: all are over. */
  private readonly at: Standing | undefined;
  private readonly early: Early | undefined;

  constructor(chain: Chain, prefix: string, position: number, outputs: Outputs, passed: number, at: Standing | undefined, early?: Early) {
    this.chain = chain;
    this.prefix = prefix;
    this.position = position;
    this.outputs = outputs;
    this.passed = passed;
    this.at = at;
    this.early = early;
  }

  /** That of its last node; null of a chain without nodes. */
  get output(): Json | undefined {
    return this.at === undefined ? (this.outputs.at(this.position - 1) ?? null) : this.at.ended;
  }

  get ended(): Json | undefined {
    return this.at?.ended;
  }

  get fatal(): Fatal | undefined {
    return this.at?.fatal;
  }

  get bytes(): number {
    return this.passed + (this.at?.bytes ?? 0);
  }

  get stray(): string | undefined {
    for (const [position, facts] of this.early ?? []) {
      const row = position > this.position ? facts.find(([, fact]) => isRow(fact)) : undefined;
      if (row !== undefined) return row[0];
    }
    return this.at?.stray;
  }

  /** That of the node that a path belongs to. */
  positionOf(path: string): number | undefined {
    return this.chain.positions.get(firstOf(path, this.prefix.length));
  }

  take(path: string, fact: Fact): ChainStanding {
    const position = this.positionOf(path);
    // What comes of a node that is over changes nothing.
    if (position === undefined || position < this.position || this.at === undefined) return this;
    return position === this.position ? this.settle(this.at.take(path, fact)) : this.takeEarly(position, path, fact).settle();
  }

  /** Only while a run is put together, by one owner: the list is changed in place. */
  private takeEarly(position: number, path: string, fact: Fact): ChainStanding {
    const early: Early = this.early ?? new Map<number, [string, Fact][]>();
    const facts = early.get(position) ?? [];
    facts.push([path, fact]);
    early.set(position, facts);
    return new ChainStanding(this.chain, this.prefix, this.position, this.outputs, this.passed, this.at, early);
  }

  /** Goes on past all that is over. first: how its node stands now. */
  settle(first = this.at): ChainStanding {
    let { position, outputs, passed } = this;
    let at = first;
    while (at !== undefined && at.ended === undefined) {
      // A fact of a later node says that what sleeps before it has ended, whatever the clock says.
      const over: Standing = at.output === undefined && this.hasFactsAfter(position) ? at.wake(Infinity) : at;
      if (over.output === undefined) break;
      outputs = outputs.append(over.output);
      passed += over.bytes;
      position++;
      at = this.begin(position);
    }
    if (at === this.at && position === this.position) return this;
    return new ChainStanding(this.chain, this.prefix, position, outputs, passed, at, this.early);
  }

  private hasFactsAfter(position: number): boolean {
    if (this.early === undefined) return false;
    for (const later of this.early.keys()) if (later > position) return true;
    return false;
  }

  private begin(position: number): Standing | undefined {
    const node = this.chain.nodes[position];
    if (node === undefined) return undefined;
    const begun = node.begin(this.prefix + node.name);
    const facts = this.early?.get(position);
    return facts === undefined ? begun : facts.reduce((at, [path, fact]) => at.take(path, fact), begun);
  }

  wake(now: number): ChainStanding {
    return this.settle(this.at?.wake(now));
  }

  look(scene: Scene): Look {
    return this.at!.look(new ChainScene(scene, this));
  }

  /** What handlers see: what they see around the chain, and the outputs of its nodes. */
  stateIn(around: State): State {
    const state: Record<string, Json> & { input: Json } = { input: around.input };
    // Not by spreading, which takes ten times as long at 1,000 outputs.
    for (const name in around) state[name] = around[name]!;
    for (let n = 0; n < this.position; n++) state[this.chain.nodes[n]!.name] = this.outputs.at(n)!;
    return Object.freeze(state);
  }

  /** Its own outputs alone. */
  ownState(): Record<string, Json> {
    const own: Record<string, Json> = {};
    for (let n = 0; n < this.position; n++) own[this.chain.nodes[n]!.name] = this.outputs.at(n)!;
    return own;
  }
}

class ChainScene implements Scene {
  private readonly around: Scene;
  private readonly standing: ChainStanding;
  private seen: State | undefined;

  constructor(around: Scene, standing: ChainStanding) {
    this.around = around;
    this.standing = standing;
  }

  state(): State {
    return (this.seen ??= this.standing.stateIn(this.around.state()));
  }

  mail(): Mail {
    return this.around.mail();
  }

  family(): Family {
    return this.around.family();
  }

  redrives(): number {
    return this.around.redrives();
  }

  isOut(path: string): boolean {
    return this.around.isOut(path);
  }
}
