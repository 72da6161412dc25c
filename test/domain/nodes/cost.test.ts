import { describe, expect, it } from "vitest";
import { createChain } from "../../../shared/domain/chain.ts";
import { decide } from "../../../shared/domain/decide.ts";
import type { Came } from "../../../shared/domain/decision.ts";
import { describeError } from "../../../shared/domain/errors.ts";
import type { Json } from "../../../shared/domain/json.ts";
import type { Node } from "../../../shared/domain/node.ts";
import { mapNode } from "../../../shared/domain/nodes/map.ts";
import { stepNode } from "../../../shared/domain/nodes/step.ts";
import { createRun, type Run } from "../../../shared/domain/run.ts";
import type { AttemptMove } from "../../../shared/domain/moves.ts";
import type { Standing } from "../../../shared/domain/standing.ts";

const CONCURRENCY = 100;

/** What a decision does below a map: how often a node is begun, told, woken and looked at. */
class Work {
  done = 0;

  /** The node, with its work counted. */
  count(node: Node): Node {
    return { ...node, begin: (path) => this.watch(node.begin(path)) };
  }

  private watch(standing: Standing): Standing {
    this.done++;
    return new Proxy(standing, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          this.done++;
          const next: unknown = Reflect.apply(value, target, given);
          return next === target || key === "look" ? next : this.watch(next as Standing);
        };
      },
    });
  }
}

/** The most that one decision does, of a run that comes to its end with so many items. */
function mostWork(items: number, more: object): number {
  const work = new Work();
  const step = (name: string) => work.count(stepNode(name, () => null));
  const over = () => Array.from({ length: items }, (_, n) => n);
  const map = mapNode("m", { over, concurrency: CONCURRENCY, ...more }, createChain([step("fetch"), step("encode")]));
  let run: Run = createRun({ id: "run-1", workflow: { name: "order", version: 1, nodes: [map] }, input: null });
  const out = new Map<string, AttemptMove>();
  let most = 0;
  for (let came: Came[] = []; ;) {
    work.done = 0;
    const decision = decide(
      run,
      came,
      { now: 0, clock: 0, random: () => 0, describe: describeError, newRunId: () => "child-1" },
      new Set(out.keys()),
    );
    most = Math.max(most, work.done);
    run = decision.run;
    for (const start of decision.starts) out.set(start.path, start);
    if (decision.fate.kind === "done") return most;
    came = [...out.values()].slice(0, 10).map(({ path, node }) => {
      out.delete(path);
      const outcome = { kind: "completed", output: null } as const;
      return { path, node, attempt: 1, forgiven: 0, aborted: false, outcome, startedAt: 0, finishedAt: 0 };
    });
  }
}

const count = (sum: Json): Json => (sum as number) + 1;

describe("the work of a decision on a map of which 100 items are out", () => {
  it.each([
    ["that keeps its results", {}],
    ["that collects them", { collect: count, from: 0 }],
    ["that tolerates failures", { tolerate: "10 %" }],
  ])("%s is the same with 10,000 items as with 1,000: it is that of what is out, not of what is stored", (_, more) => {
    const [few, many] = [mostWork(1_000, more), mostWork(10_000, more)];
    expect(many).toBe(few);
    expect(many).toBeLessThan(6 * CONCURRENCY);
  });
});
