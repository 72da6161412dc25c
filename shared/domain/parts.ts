/** What the kinds of node that hold chains have in common. */
import { firstOf, type Chain } from "./chain.ts";
import type * as z from "zod";
import type { Inside, Node, Signals, Skip } from "./node.ts";

/** Chains below a node, by the name of the branch or the arm. */
export type Parts = ReadonlyMap<string, Chain>;
type Part = readonly [name: string, chain: Chain];

/** How many digits an index has in a path, so that rows are in the order of items. */
const INDEX_DIGITS = 5;
/** Indexes begin at 0. */
export const MAX_INDEX = 10 ** INDEX_DIGITS - 1;
/** The length of the longest path below an item or a pass, without its nodes. */
export const indexBytes = INDEX_DIGITS + 1;

export function indexOf(path: string, from: number): number {
  const text = path.slice(from, from + INDEX_DIGITS);
  const isWhole = path.length === from + INDEX_DIGITS || path[from + INDEX_DIGITS] === "/";
  return isWhole && /^\d{5}$/.test(text) ? Number(text) : -1;
}

export function indexText(index: number): string {
  return String(index).padStart(INDEX_DIGITS, "0");
}

/**
 * Whether a claim reads all rows below a path, also those that are needed no longer: below an item
 * or a pass, whose paths a workflow cannot name beforehand.
 */
export function isReadWhole(path: string): boolean {
  return /\/\d{5}\//.test(path);
}

/** Such as `step:charge|sleep:cooling-off`. */
export function shapeOfChain({ nodes }: Pick<Chain, "nodes">): string {
  return nodes.map(({ shape }) => shape).join("|");
}

/** Such as `all:checks(credit=step:score,stock=step:reserve|sleep:settle)`. */
export function shapeOfParts(kind: string, name: string, parts: Parts): string {
  return `${kind}:${name}(${[...parts].map(([part, chain]) => `${part}=${shapeOfChain(chain)}`).join(",")})`;
}

/** The length of the longest path below a node of parts. */
export function longestOf(name: string, parts: Parts): number {
  return name.length + 1 + Math.max(0, ...[...parts].map(([part, chain]) => part.length + 1 + longestOfChain(chain)));
}

export function longestOfChain({ nodes }: Chain): number {
  return Math.max(0, ...nodes.map(({ pathBytes }) => pathBytes));
}

/** The branch or the arm that a row below a node belongs to. */
export function insideParts(parts: Parts, path: string, below: string): Inside | undefined {
  const part = firstOf(below);
  const chain = parts.get(part);
  return chain && { chain, prefix: `${path}/${part}/` };
}

/** What a claim need not read of the nodes of a chain. */
export function skipsOfChain({ nodes }: Pick<Chain, "nodes">, prefix = ""): Skip[] {
  return nodes.flatMap((node) => node.skips?.(prefix + node.name) ?? []);
}

export function skipsOfParts(path: string, parts: Parts): Skip[] {
  return [...parts].flatMap(([part, chain]) => skipsOfChain(chain, `${path}/${part}/`));
}

/** What the nodes of these chains bring to the one that they are below, where EACH is any index. */
export function heldIn(parts: Iterable<Part>): Pick<Node, "timeoutsMs" | "signals" | "keyed" | "answers" | "children" | "undoes"> {
  const each = [...parts];
  const nodes = each.flatMap(([, chain]) => chain.nodes);
  const [signals, keyed] = [signalsOf(nodes), keyedOf(nodes)];
  const timeoutsMs = nodes.flatMap((node) => node.timeoutsMs);
  const answers = new Map(each.flatMap(answersOf));
  return {
    timeoutsMs,
    answers,
    ...(nodes.some((node) => node.signals) && { signals }),
    ...(keyed.size > 0 && { keyed }),
    ...(nodes.some(({ children }) => children) && { children: true }),
    ...(nodes.some(({ undoes }) => undoes) && { undoes: true }),
  };
}

function answersOf([part, { nodes }]: Part): [string, z.ZodType][] {
  return nodes.flatMap(({ name, answers = [] }) => [...answers].map(([below, schema]) => [`/${part}/${name}${below}`, schema]));
}

/** The signals that nodes wait for. */
export function signalsOf(nodes: readonly Node[]): Signals {
  return join(nodes.map(({ signals }) => signals));
}

/** Those of them that may be sent by a business key. */
export function keyedOf(nodes: readonly Node[]): Signals {
  return join(nodes.map(({ keyed }) => keyed));
}

function join(each: readonly (Signals | undefined)[]): Signals {
  const known = new Map<string, readonly z.ZodType[]>();
  for (const signals of each) for (const [name, schemas] of signals ?? []) known.set(name, [...(known.get(name) ?? []), ...schemas]);
  return known;
}
