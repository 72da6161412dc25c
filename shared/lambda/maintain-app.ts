import type { Context } from "aws-lambda";
import * as z from "zod";
import { engineDatabase } from "../db/default-database.ts";
import type { Logger } from "../domain/node.ts";
import { DEFAULT_QUEUE } from "../domain/queue.ts";
import { isAsleep } from "../engine/poll/idle-gate.ts";
import type { Maintenance } from "../engine/maintain/maintain.ts";
import { choresOn, type Keeping } from "./chores.ts";
import { commonSettings, readEnvironment, serviceName } from "./config.ts";
import { maintenanceMetrics, type MaintenanceMetrics } from "./metrics.ts";
import { nameOfQueue, queueSettings } from "./queues.ts";
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
  const settings = readEnvironment(z.object({ ...commonSettings, ...queueSettings }), env);
  const { BATON_STAGE: stage, BATON_IDLE_GATE: gate, BATON_WAKE_PARAMETER: parameter, BATON_QUEUES: functions } = settings;
  const service = serviceName(env);
  const logger = stepLogger(`${service}-maintenance`, keeping.redact);
  return {
    maintenance: {
      chores: choresOn(engineDatabase(), keeping),
      logger,
      ...(gate === "on" && parameter !== undefined && { isAsleep: () => areAllAsleep(logger, parameter, Object.keys(functions)) }),
    },
    metrics: maintenanceMetrics(service, stage),
  };
}

/** What ended may have ended on any queue. */
async function areAllAsleep(logger: Logger, parameter: string, queues: readonly string[]): Promise<boolean> {
  const names = new Set([DEFAULT_QUEUE, ...queues].map((queue) => nameOfQueue(parameter, queue)));
  const asleep = [...names].map((name) => isAsleep(logger, { board: wakeBoard({ parameter: name }), now: Date.now }));
  return (await Promise.all(asleep)).every(Boolean);
}
