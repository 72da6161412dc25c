import type { Context } from "aws-lambda";
import * as z from "zod";
import type { Database } from "../db/database.ts";
import { engineDatabase } from "../db/default-database.ts";
import { maintenanceRepository } from "../db/maintenance-repository.ts";
import { buildIndexes, takeBack } from "../db/week-indexes.ts";
import type { Archive } from "../domain/archive.ts";
import type { Redact } from "../domain/redact.ts";
import { retentionRules, type ServiceRetention } from "../domain/retention.ts";
import { isAsleep } from "../engine/idle-gate.ts";
import { letGoWeeks } from "../engine/let-go-weeks.ts";
import type { Chore, Maintenance } from "../engine/maintain.ts";
import { sweepRollup } from "../engine/sweep-rollup.ts";
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

/** The parts of a service that the maintenance is made of; without any, everything is kept. */
export interface Keeping {
  /** How long ended runs are kept. Default: for ever. */
  readonly retention?: ServiceRetention | undefined;
  /** Takes runs before they go. Default: they go without. */
  readonly archive?: Archive | undefined;
  /** Masks secrets in what is logged. Default: `redactSecrets`. */
  readonly redact?: Redact | undefined;
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

/** What is done once a day, in this order: first what the others need. */
export function choresOn(database: Database, { retention = {}, archive }: Keeping): Chore[] {
  const store = maintenanceRepository(database);
  return [
    { name: "lent", run: async () => ({ takenBack: await takeBack(database) }) },
    { name: "weeks", run: async () => ({ ...(await store.keepWeeks()) }) },
    { name: "retention", run: (deadline) => letGoWeeks(store, retentionRules(retention), deadline, archive) },
    { name: "indexes", run: async (deadline) => ({ ...(await buildIndexes(database, () => deadline.remainingMs())) }) },
    { name: "rollup", run: (deadline) => sweepRollup(store, deadline) },
    { name: "daily", run: async () => store.refreshDaily().then(() => ({ refreshed: true })) },
    { name: "months", run: async () => ({ ...(await store.keepMonths()) }) },
  ];
}
