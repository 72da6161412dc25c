import type { Attempted } from "../../shared/domain/node.ts";
import { outputParser } from "../../shared/domain/nodes/handler.ts";
import { topOf } from "../../shared/domain/path.ts";
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
  left: number;
  readonly error: Error;
}

/** What handlers do in a test: their own work, or what the test says instead, by path. */
export class Handlers {
  readonly #workflows: readonly AnyWorkflow[];
  readonly #outputs = new Map<string, unknown>();
  readonly #failing = new Map<string, Failing>();

  constructor(workflows: readonly AnyWorkflow[]) {
    this.#workflows = workflows;
  }

  stub(path: string, output: unknown): void {
    this.#requireHandler(path);
    this.#outputs.set(path, output);
  }

  fail(path: string, { times = 1, error = "The test makes this attempt fail." }: FailOptions): void {
    this.#requireHandler(path);
    if (!Number.isInteger(times) || times < 1) throw new RangeError(`times is ${times}: use a whole number from 1 on.`);
    this.#failing.set(path, { left: times, error: typeof error === "string" ? new Error(error) : error });
  }

  /** Throws UnknownNodeError where nothing in any of the chains can have that path. */
  requireNode(path: string): void {
    const nodes = this.#workflows.flatMap((workflow) => workflow.nodes);
    const top = topOf(path);
    const isThere = nodes.some(({ name, holds }) => name === top && (path === top || holds(path.slice(top.length + 1))));
    if (!isThere)
      throw new UnknownNodeError(
        path,
        nodes.map(({ name }) => name),
      );
  }

  /** What is inside of a node is known once it is reached. */
  #requireHandler(path: string): void {
    this.requireNode(path);
    const isOfScript = this.#workflows.some(({ nodes }) =>
      nodes.some(({ name, kind }) => kind === "script" && path.startsWith(`${name}/`)),
    );
    if (isOfScript) throw new NoHandlerError(path, "step of a script");
    const named = this.#workflows.flatMap(({ nodes }) => nodes.filter(({ name }) => name === path));
    if (named.length > 0 && !named.some((node) => "run" in node)) throw new NoHandlerError(path, named[0]!.kind);
  }

  readonly call: CallHandler = async ({ path, node }, state, context, memory): Promise<Attempted> => {
    const failing = this.#failing.get(path);
    if (failing !== undefined && failing.left-- > 0) throw failing.error;
    // What is given in a handler's place is checked as what it returns is.
    if (this.#outputs.has(path)) return { output: await outputParser(node.output)(this.#outputs.get(path)) };
    return node.run(state, context, memory);
  };
}
