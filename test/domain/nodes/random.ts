/** Random chains of all kinds, and what may come of them. */
import * as fc from "fast-check";
import * as z from "zod";
import type { Methods } from "../../../shared/domain/builder.ts";
import type { Json } from "../../../shared/domain/json.ts";
import { defineWorkflow, type State } from "../../../shared/domain/workflow.ts";

/** A node as a value, so that fast-check can make it smaller. */
type Spec =
  | { readonly kind: "step" | "sql" | "script" | "sleep" }
  | { readonly kind: "when"; readonly runs: boolean }
  | { readonly kind: "all"; readonly branches: readonly Specs[] }
  | { readonly kind: "choose"; readonly arms: readonly Specs[]; readonly arm: number; readonly ends: boolean }
  | {
      readonly kind: "map";
      readonly items: number;
      readonly concurrency: number;
      readonly tolerate: number | undefined;
      readonly collects: boolean;
      readonly chain: Specs;
    }
  | { readonly kind: "repeat"; readonly passes: number; readonly pauses: boolean; readonly chain: Specs };
type Specs = readonly Spec[];

export const specs = fc.letrec<{ chain: Specs; node: Spec }>((tie) => ({
  chain: fc.array(tie("node"), { minLength: 1, maxLength: 3, depthIdentifier: "chain" }),
  node: fc.oneof(
    { depthIdentifier: "chain", depthSize: "small", maxDepth: 3 },
    fc.record({ kind: fc.constantFrom("step", "step", "sql", "script", "sleep") }),
    fc.record({ kind: fc.constant("when" as const), runs: fc.boolean() }),
    fc.record({ kind: fc.constant("all" as const), branches: fc.array(tie("chain"), { minLength: 1, maxLength: 3 }) }),
    fc.record({
      kind: fc.constant("choose" as const),
      arms: fc.array(tie("chain"), { minLength: 1, maxLength: 2 }),
      arm: fc.nat(1),
      ends: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant("map" as const),
      items: fc.oneof(fc.nat(4), fc.constant(101)),
      concurrency: fc.integer({ min: 1, max: 3 }),
      tolerate: fc.option(fc.nat(2), { nil: undefined }),
      collects: fc.boolean(),
      chain: tie("chain"),
    }),
    fc.record({ kind: fc.constant("repeat" as const), passes: fc.integer({ min: 1, max: 3 }), pauses: fc.boolean(), chain: tie("chain") }),
  ),
})).chain;

/** Whether an item may fail, and with it what is out of it: what comes late no longer counts. */
export const hasItems = (specs: Specs): boolean => JSON.stringify(specs).includes('"map"');

export function workflowOf(specs: Specs) {
  const workflow = defineWorkflow({ name: "random", version: 1, input: z.null() });
  return grow(workflow as unknown as Methods, specs, { next: 0, mayEnd: true }) as unknown as typeof workflow;
}

interface Names {
  next: number;
  mayEnd: boolean;
}

function grow(chain: Methods, specs: Specs, names: Names): Methods {
  return specs.reduce((grown, spec) => add(grown, spec, `n${names.next++}`, names), chain);
}

function add(chain: Methods, spec: Spec, name: string, names: Names): Methods {
  const below = (specs: Specs) => (inside: Methods) => grow(inside, specs, { ...inNames(names), mayEnd: false });
  const inNames = (of: Names): Names => ({ next: (of.next += 100), mayEnd: of.mayEnd });
  switch (spec.kind) {
    case "step":
      return chain.step(name, () => null);
    case "sql":
      return chain.sql(name, () => ({ statements: [] }));
    case "script":
      return chain.script(name, () => null);
    case "sleep":
      return chain.sleep(name, "5 seconds");
    case "when":
      return chain.step(name, { when: () => spec.runs }, () => null);
    case "all":
      return chain.all(name, Object.fromEntries(spec.branches.map((branch, n) => [`b${n}`, below(branch)])));
    case "choose": {
      const arm = (specs: Specs, n: number) => (inside: Methods) => {
        const grown = grow(inside, specs, inNames(names)) as Methods & { end?(handler: () => Json): Methods };
        return spec.ends && names.mayEnd && n === 0 ? grown.end!(() => null) : grown;
      };
      return chain.choose(
        name,
        () => `a${spec.arm % spec.arms.length}`,
        Object.fromEntries(spec.arms.map((specs, n) => [`a${n}`, arm(specs, n)])),
      );
    }
    case "map": {
      const { items, concurrency, tolerate, collects } = spec;
      const collect = collects ? { collect: (sum: Json, _: Json, index: number) => [...(sum as Json[]), index], from: [] } : {};
      return chain.map(
        name,
        { over: () => Array.from({ length: items }, (_, n) => n), concurrency, tolerate, ...collect },
        below(spec.chain),
      );
    }
    case "repeat": {
      const until = ({ last }: { readonly last: Readonly<Record<string, Json>> }) => (last[`${name}-turn`] as number) >= spec.passes - 1;
      const inside = (chain: Methods) => below(spec.chain)(chain.step(`${name}-turn`, ({ index }: State) => index));
      return chain.repeat(name, { max: 5, until, every: spec.pauses ? "5 seconds" : undefined }, inside);
    }
  }
}
