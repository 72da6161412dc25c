import { seededRandom } from "../../support/random.ts";
import { doomAt } from "./behaviour.ts";
import { Generator } from "./generate.ts";
import { modelOf } from "./model.ts";
import type { ChainSpec, Doom, HandlerSpec, NodeSpec, UndoSpec, WorkflowSpec } from "./spec.ts";

/** How many rows a child may have at most. */
const MOST_ROWS_OF_CHILD = 14;
/** How many nodes of one workflow have children at most. */
const MOST_CHILDREN = 2;
/** A map of more items has neither children nor undos. */
const MOST_ITEMS = 5;

interface Site {
  /** How many runs are above, of which each awaits the next or not. */
  readonly depth: number;
  /** Something of a run that fails is taken back. */
  readonly undoes: boolean;
  readonly hasChildren: boolean;
}

/**
 * Gives workflows children, hooks and undos. What it draws is its own, so that a seed's workflows
 * are otherwise those that they were before.
 */
export class Families {
  readonly #random: () => number;
  /** Every other seed has none, which is sooner over. */
  readonly #isGrown: boolean;
  #children = 0;
  #named = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed ^ 0xfa317).random;
    this.#isGrown = seed % 2 === 1;
  }

  grow(spec: WorkflowSpec): WorkflowSpec {
    this.#named = 0;
    if (!this.#isGrown) return spec;
    return this.#grow(spec, { depth: 0, hasChildren: this.#random() < 0.6, undoes: this.#random() < 0.4 });
  }

  #grow(spec: WorkflowSpec, site: Site): WorkflowSpec {
    this.#children = 0;
    const hooks = this.#random() < 0.35 ? this.#hooks(spec.name) : undefined;
    const chain = this.#chain(spec.chain, site, spec.name, undefined);
    return { ...spec, chain: site.undoes && this.#random() < 0.7 ? this.#doomed(chain, "stays") : chain, ...(hooks && { hooks }) };
  }

  #hooks(name: string): NonNullable<WorkflowSpec["hooks"]> {
    const [failed, ended] = [{ failed: `${name}-f` }, { ended: `${name}-e` }];
    return [failed, ended, { ...failed, ...ended }][this.#between(0, 2)]!;
  }

  /** here: a node that says in which turn it is. */
  #chain({ nodes, end }: ChainSpec, site: Site, name: string, here: string | undefined): ChainSpec {
    const grown = nodes.map((node) => this.#node(node, site, name));
    const has = site.hasChildren && this.#random() < (site.depth > 0 ? 0.3 : 0.5) && this.#children < MOST_CHILDREN;
    if (!has) return { nodes: grown, end };
    this.#children++;
    const first = nodes[0]?.name === here ? 1 : 0;
    const last = here === undefined || first === 1 ? grown.length : grown.length - 1;
    return { nodes: grown.toSpliced(this.#between(Math.min(first, last), last), 0, this.#child(site, name)), end };
  }

  #node(node: NodeSpec, site: Site, name: string): NodeSpec {
    if (node.kind === "all" || node.kind === "choose") {
      const parts = Object.entries(node.parts).map(([part, chain]) => [part, this.#chain(chain, site, name, undefined)] as const);
      return { ...node, parts: Object.fromEntries(parts) };
    }
    if (node.kind === "map") return node.most > MOST_ITEMS ? node : { ...node, chain: this.#chain(node.chain, site, name, undefined) };
    if (node.kind === "repeat") return { ...node, chain: this.#chain(node.chain, site, name, node.here) };
    const mayUndo = node.kind === "step" || node.kind === "sql";
    return mayUndo && site.undoes && this.#random() < 0.6 ? { ...node, undo: this.#undo() } : node;
  }

  #undo(): UndoSpec {
    return { evenIfFailed: this.#random() < 0.4, flaky: this.#random() < 0.4 ? 2 : 0, isDoomed: this.#random() < 0.15 };
  }

  #child({ depth }: Site, parent: string): NodeSpec {
    const n = this.#named++;
    const name = `${parent.split("-c")[0]}-c${n}`;
    const before = this.#children;
    const own = { depth: depth + 1, hasChildren: depth < 2 && this.#random() < 0.4, undoes: this.#random() < 0.2 };
    const of = this.#grow(this.#small(name), own);
    this.#children = before;
    const detachedMs = this.#random() < 0.25 ? [0, 3_000, 45_000][this.#between(0, 2)] : undefined;
    return { kind: "child", name: `c${n}`, of, detachedMs, isElsewhere: this.#random() < 0.3 };
  }

  #small(name: string): WorkflowSpec {
    const generator = new Generator(Math.floor(this.#random() * 2 ** 31), true);
    for (;;) {
      const spec = generator.workflow(name);
      if (modelOf(spec, {}).rows.size > MOST_ROWS_OF_CHILD) continue;
      return this.#random() < 0.6 ? { ...spec, chain: this.#doomed(spec.chain, this.#random() < 0.7 ? "heals" : "stays") } : spec;
    }
  }

  /** One of its own handlers fails for good, if there is one that may. */
  #doomed({ nodes, end }: ChainSpec, doom: Doom): ChainSpec {
    const isMeant = (node: NodeSpec) => (node.kind === "step" || node.kind === "sql") && doomAt({ ...node, doom }, node.name) > 0;
    const last = nodes.findLastIndex(isMeant);
    return last < 0 ? { nodes, end } : { nodes: nodes.with(last, { ...(nodes[last] as HandlerSpec), doom }), end };
  }

  #between(fewest: number, most: number): number {
    return fewest + Math.floor(this.#random() * (most - fewest + 1));
  }
}
