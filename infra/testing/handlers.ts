import type { Attempted, Node } from "../../shared/domain/node.ts";
import { outputParser } from "../../shared/domain/nodes/handler.ts";
import { EACH, topOf } from "../../shared/domain/path.ts";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import type { CallHandler } from "../../shared/engine/poll/poller.ts";
import { NoHandlerError, UnknownNodeError } from "./errors.ts";

/** How the next attempts of a node fail. */
export interface FailOptions {
  /** How many of them. Default: 1. */
  readonly times?: number;
  /** What they throw; a text is the message of an Error. Default: an Error that names the test. */
  readonly error?: Error | string;
}

interface Failing {
  readonly times: number;
  readonly error: Error;
  /** How often it has, by path. */
  readonly failed: Map<string, number>;
}

/** What handlers do in a test: their own work, or what the test says instead, by its paths. */
export class Handlers {
  readonly #workflows: readonly AnyWorkflow[];
  readonly #outputs = new Map<string, { readonly output: unknown }>();
  readonly #failing = new Map<string, Failing>();

  constructor(workflows: readonly AnyWorkflow[]) {
    this.#workflows = workflows;
  }

  stub(path: string, output: unknown): void {
    this.#requireHandler(path);
    say(this.#outputs, path, { output });
  }

  fail(path: string, { times = 1, error = "The test makes this attempt fail." }: FailOptions): void {
    this.#requireHandler(path);
    if (!Number.isInteger(times) || times < 1) throw new RangeError(`times is ${times}: use a whole number from 1 on.`);
    say(this.#failing, path, { times, error: typeof error === "string" ? new Error(error) : error, failed: new Map() });
  }

  /** Throws UnknownNodeError where nothing in any of the chains can have that path. */
  requireNode(path: string, pattern = path): void {
    const nodes = this.#workflows.flatMap((workflow) => workflow.nodes);
    const top = topOf(path);
    const isThere = nodes.some(({ name, holds }) => name === top && (path === top || holds(path.slice(top.length + 1))));
    if (!isThere)
      throw new UnknownNodeError(
        pattern,
        nodes.map(({ name }) => name),
      );
  }

  /** What is inside of a node is known once it is reached. */
  #requireHandler(pattern: string): void {
    const path = pattern
      .split("/")
      .map((name) => (name === EACH ? "00000" : name))
      .join("/");
    this.requireNode(path, pattern);
    const found = this.#workflows.flatMap(({ nodes }) => nodeAt(nodes, path) ?? []);
    if (!found.some(({ node, isWhole }) => isWhole && "run" in node)) throw new NoHandlerError(pattern, kindOf(found[0]!));
  }

  readonly call: CallHandler = async ({ path, node }, state, context, memory): Promise<Attempted> => {
    const failing = said(this.#failing, path);
    const failed = failing?.failed.get(path) ?? 0;
    if (failing !== undefined && failed < failing.times) {
      failing.failed.set(path, failed + 1);
      throw failing.error;
    }
    const stub = said(this.#outputs, path);
    // What is given in a handler's place is checked as what it returns is.
    if (stub !== undefined) return { output: await outputParser(node.output)(stub.output) };
    return node.run(state, context, memory);
  };
}

/** How far a path leads. */
interface Found {
  /** The last one on the way. */
  readonly node: Node;
  /** The path ends there. */
  readonly isWhole: boolean;
}

function nodeAt(nodes: readonly Node[], path: string, prefix = ""): Found | undefined {
  const name = topOf(path.slice(prefix.length));
  const node = nodes.find((other) => other.name === name);
  if (node === undefined || path === prefix + name) return node && { node, isWhole: true };
  const inside = node.inside?.(prefix + name, path.slice(prefix.length + name.length + 1));
  return inside === undefined ? { node, isWhole: false } : nodeAt(inside.chain.nodes, path, inside.prefix);
}

function kindOf({ node, isWhole }: Found): string {
  if (isWhole) return node.kind;
  return node.kind === "script" ? "step of a script" : `part of a ${node.kind}`;
}

function say<Value>(of: Map<string, Value>, pattern: string, value: Value): void {
  of.delete(pattern);
  of.set(pattern, value);
}

/** What was said of a path: of itself, or else by the last pattern that it has. */
function said<Value>(of: ReadonlyMap<string, Value>, path: string): Value | undefined {
  return of.get(path) ?? [...of].findLast(([pattern]) => isOf(pattern.split("/"), path.split("/")))?.[1];
}

function isOf(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((name, n) => (name === EACH ? /^\d{5}$/.test(path[n]!) : name === path[n]));
}
