import * as fc from "fast-check";
import { describe, it } from "vitest";
import { createRun, withFact, type Run } from "../../shared/domain/run.ts";
import type { State } from "../../shared/domain/node.ts";
import { isRow, type Tries } from "../../shared/domain/standing.ts";
import { again, final, Story } from "./nodes/story.ts";
import { specs, hasItems, workflowOf } from "./nodes/random.ts";
import { seed } from "./seed.ts";

/** What happens next: so many of what is out come back, in turn with an output or a failure. */
const happenings = fc.array(
  fc.record({
    takes: fc.nat(5),
    from: fc.nat(20),
    how: fc.constantFrom("output", "output", "output", "again", "final"),
    waits: fc.nat(6_000),
    claims: fc.nat(9),
  }),
  { minLength: 10, maxLength: 60 },
);

function happen(
  story: Story,
  { takes, from, how, waits, claims }: { takes: number; from: number; how: string; waits: number; claims: number },
): boolean {
  story.pass(waits);
  if (claims === 0) story.claim();
  const { paths } = story;
  const chosen = Array.from({ length: Math.min(takes, paths.length) }, (_, n) => paths[(from + n) % paths.length]!);
  const back = chosen.map((path, n) => {
    const failed = how === "again" ? again : final;
    return [path, n > 0 || how === "output" ? ((story.sees(path) as State)["index"] ?? path) : failed];
  });
  const { fate } = story.round(Object.fromEntries(back));
  if (fate.kind === "failed") story.redrive().round();
  return fate.kind !== "done";
}

/** The run with what is stored of it up to a moment. */
function upTo(story: Story, facts: Story["facts"]): Run {
  const { id, workflow, input } = story.run;
  const outputs = Object.fromEntries(facts.flatMap(([path, fact]) => (isRow(fact) ? [[path, fact.output]] : [])));
  const tries = facts.flatMap(([path, fact]) => (isRow(fact) ? [] : [[path, fact] as const]));
  const by = <Value>(of: (fact: Tries) => Value | undefined): Record<string, Value> =>
    Object.fromEntries(
      tries.flatMap(([path, fact]) => {
        const value = of(fact);
        return value === undefined ? [] : [[path, value]];
      }),
    );
  const notBefore = Object.fromEntries(facts.flatMap(([path, { notBefore }]) => (notBefore === undefined ? [] : [[path, notBefore]])));
  return createRun({
    id,
    workflow,
    input,
    outputs,
    failures: by(({ failures }) => failures),
    forgiven: by(({ forgiven }) => forgiven),
    fatal: by(({ fatal, pardoned = fatal, failures }) => pardoned && { ...pardoned, attempt: failures }),
    notBefore,
  });
}

/** Tells the facts one by one, and puts the run together after each. */
function follow(story: Story): void {
  let run = upTo(story, []);
  for (const [n, [path, fact]] of story.facts.entries()) {
    run = withFact(run, path, fact);
    story.expectSame(run, upTo(story, story.facts.slice(0, n + 1)));
  }
}

describe(`a random chain of all kinds of node (seed ${seed})`, () => {
  it("stands where it does when it is put together from what is stored, at every moment of its story", () => {
    fc.assert(
      fc.property(specs, happenings, (chain, story) => {
        const played = new Story(workflowOf(chain), null, { countsLate: hasItems(chain) });
        if (played.round().fate.kind !== "done") story.every((next) => happen(played, next));
        follow(played);
      }),
      { seed, numRuns: 300 },
    );
  });
});
