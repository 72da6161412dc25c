import { test } from "vitest";
import { firstSeeds, live, seedsFrom } from "./nested/live.ts";

// Beside the first half in nested.test.ts, so that two cores share them.
test.skipIf(process.env["BATON_SEED"] !== undefined).each(firstSeeds(2))(
  "workflows nested at random end as their models say, whatever the faults, each step once and nothing after an ending (seeds from %i)",
  (first) => live(seedsFrom(first)),
);
