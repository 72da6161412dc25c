import * as z from "zod";
import type { AnyWorkflow } from "../../../shared/domain/workflow-types.ts";
import { defineWorkflow } from "../../../shared/index.ts";
import { payload } from "../contender.ts";
import { chainOf } from "./workflows.ts";

/** What one run of W8 and W9 is made of. */
export type Shape = "chain" | "script" | "map" | "repeat";

const Input = z.object({ text: z.string() });
const Output = z.object({ text: z.string() });

/** A workflow of so many steps, items or passes that do nothing; begun is told of each. */
export function loneWorkflow(shape: Shape, size: number, begun: () => void): AnyWorkflow {
  return { chain, script, map, repeat }[shape](size, begun);
}

function chain(size: number, begun: () => void): AnyWorkflow {
  return chainOf(size, () => 0, { started() {}, done() {} }, begun);
}

/** Its timeout is that of all its steps together. */
function script(size: number, begun: () => void): AnyWorkflow {
  return defineWorkflow({ name: "script", version: 1, input: Input }).run({ timeout: "4 minutes" }, async (_, { step }) => {
    for (let n = 0; n < size; n++) {
      await step("step", { of: n, output: Output }, () => {
        begun();
        return payload;
      });
    }
  });
}

function map(size: number, begun: () => void): AnyWorkflow {
  const over = () => Array.from({ length: size }, (_, n) => n);
  return defineWorkflow({ name: "map", version: 1, input: Input }).map("items", { over, concurrency: 100 }, (item) =>
    item.step("step", () => begun()),
  );
}

function repeat(size: number, begun: () => void): AnyWorkflow {
  return defineWorkflow({ name: "repeat", version: 1, input: Input }).repeat(
    "passes",
    { max: size },
    (pass) =>
      pass.step("step", ({ index }) => {
        begun();
        return index;
      }),
    { until: ({ last }) => last.step === size - 1 },
  );
}
