import { test } from "vitest";
import { firstSeeds, live, seedsFrom } from "./nested/live.ts";
import type { Seed } from "./nested/world.ts";

const one = process.env["BATON_SEED"];

/**
 * Seeds that found something, by the generator of their time: a map whose last item failed was
 * over, and what it had tolerated was open again after a redrive, in passes too, and all of it at
 * once; a wait was over, and a signal there, of which no claim ever told. And one that accused a
 * poller of what it thought after its lease was lost.
 */
const older = [11, 30, 39, 44, 239, 263, 2915].map((seed): Seed => ({ seed, by: "first" }));

/**
 * By the second generator: a poller whose deadline was over, and the database's clock set back,
 * asked again and again where a heartbeat lay; and a map in a loop, which had failed, was redriven
 * and had gone on, was over no more after the next redrive. Statements were committed, and their
 * answer lost: what mail there was nobody asked again, and the run stayed in a lease without end.
 * A run was stopped by the round that stored what it had taken, and the signal lay there still.
 */
const unanswered = [5307, 8530, 15156, 16812];
const second = [239, 30170, ...unanswered, 6293].map((seed): Seed => ({ seed, by: "second" }));

/**
 * By the generator of now: a child that was undone was let go on by its parent's redrive, and went
 * round without end. And one that accused an innocent: what is over at the same moment is undone
 * from the end of its chain, whatever its path.
 */
const third = [181, 377, 679].map((seed): Seed => ({ seed }));
const once = [...older, ...second, ...third];

test.runIf(one !== undefined)("one seed", () => live([{ seed: Number(one) }]));

test.skipIf(one !== undefined)("what was once wrong, and the first hundred, end as their models say", () =>
  live([...once, ...seedsFrom(1)]),
);

test.skipIf(one !== undefined).each(firstSeeds(1).slice(1))(
  "workflows nested at random end as their models say, whatever the faults, each step once and nothing after an ending (seeds from %i)",
  (first) => live(seedsFrom(first)),
);
