import type { Operator } from "../engine/control-runs.ts";
import { systemClock } from "../engine/ports.ts";
import type { App } from "./app.ts";

/** The app as the use cases of `control-runs` see it. */
export function operatorOf({ runs, logger, nudge }: App): Operator {
  return { runs, logger, nudge, clock: systemClock, random: Math.random };
}
