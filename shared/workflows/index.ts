import { examples } from "../../examples/index.ts";
import type { AnyWorkflow } from "../index.ts";

/**
 * The workflows that this service runs. One of yours is one file in this folder and one line here.
 */
export const workflows: readonly AnyWorkflow[] = [
  // Yours go here.
  ...examples,
];
