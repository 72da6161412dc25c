import type { Context } from "aws-lambda";
import * as z from "zod";
import { engineDatabase } from "../db/default-database.ts";
import { isAsleep } from "../engine/poll/idle-gate.ts";
import type { Maintenance } from "../engine/maintain/maintain.ts";
import { choresOn, type Keeping } from "./chores.ts";
import { commonSettings, readEnvironment, serviceName } from "./config.ts";
import { maintenanceMetrics, type MaintenanceMetrics } from "./metrics.ts";
import { stepLogger } from "./step-logger.ts";
import { wakeBoard } from "./wake-board.ts";

/** What the runtime is left for an answer that is on its way when the deadline is over. */
const reserveMs = 10_000;

/** What one process of the maintenance keeps from invocation to invocation. */
interface Shared {
  readonly maintenance: Omit<Maintenance, "deadline">;
  readonly metrics: MaintenanceMetrics;
}

/** Everything one invocation of the maintenance works with. */
export function maintenanceOf(keeping: Keeping): (context: Context) => { maintenance: Maintenance; metrics: MaintenanceMetrics } {
  let shared: Shared | undefined;
  return (context) => {
    const { maintenance, metrics } = (shared ??= open(keeping, process.env));
    const deadline = { remainingMs: () => context.getRemainingTimeInMillis() - reserveMs };
    return { maintenance: { ...maintenance, deadline }, metrics };
  };
}

function open(keeping: Keeping, env: NodeJS.ProcessEnv): Shared {
  const settings = readEnvironment(z.object(commonSettings), env);
  const { BATON_STAGE: stage, BATON_IDLE_GATE: gate, BATON_WAKE_PARAMETER: parameter } = settings;
  const service = serviceName(env);
  const gated = gate === "on" && parameter !== undefined ? { board: wakeBoard({ parameter }), now: Date.now } : undefined;
  const logger = stepLogger(`${service}-maintenance`, keeping.redact);
  return {
    maintenance: {
      chores: choresOn(engineDatabase(), keeping),
      logger,
      ...(gated && { isAsleep: () => isAsleep(logger, gated) }),
    },
    metrics: maintenanceMetrics(service, stage),
  };
}
