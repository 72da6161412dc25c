import { attempting, marking, now } from "../author.ts";
import type { HandlerNode } from "../node.ts";
import { isRow, noTries, wakeTries, type Fact, type Fatal, type Look, type Scene, type Standing, type Tries } from "../standing.ts";
import type { AnyCondition } from "./handler.ts";

/** Below the node's path: it was decided that it runs. */
const DECIDED = "~when";

/**
 * A node that runs only when something is so. That it does is a row, `x/~when`, before its handler
 * starts; that it does not is its own row, null. Neither is asked again.
 */
export function withCondition(node: HandlerNode, condition: AnyCondition): HandlerNode {
  return {
    ...node,
    shape: `${node.shape}?`,
    ran: DECIDED,
    pathBytes: node.pathBytes + 1 + DECIDED.length,
    begin: (path) => new Undecided(path, condition, node.begin(path), noTries),
    holds: (below) => below === "" || below === DECIDED,
  };
}

class Undecided implements Standing {
  readonly fatal: Fatal | undefined;
  readonly output = undefined;
  readonly bytes = 0;
  private readonly path: string;
  private readonly condition: AnyCondition;
  private readonly inner: Standing;
  private readonly tries: Tries;

  constructor(path: string, condition: AnyCondition, inner: Standing, tries: Tries) {
    this.path = path;
    this.condition = condition;
    this.inner = inner;
    this.tries = tries;
    this.fatal = tries.fatal;
  }

  take(path: string, fact: Fact): Standing {
    if (path === `${this.path}/${DECIDED}`) return this.inner;
    if (path !== this.path) return this;
    const inner = this.inner.take(path, fact);
    return isRow(fact) ? inner : new Undecided(path, this.condition, inner, fact);
  }

  wake(now: number): Standing {
    const tries = wakeTries(this.tries, now);
    return tries === this.tries ? this : new Undecided(this.path, this.condition, this.inner, tries);
  }

  look(scene: Scene): Look {
    const owner = { path: this.path, tries: this.tries };
    const move = attempting(owner, () => {
      const runs = now(this.condition(scene.state()), "its when");
      if (typeof runs !== "boolean") throw new TypeError(`its when returned ${String(runs)}: return true or false`);
      return runs ? marking(owner, `${this.path}/${DECIDED}`, true) : marking(owner, this.path, null);
    });
    return { moves: [move] };
  }
}
