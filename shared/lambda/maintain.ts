import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { redactSecrets } from "../domain/redact.ts";
import { maintain as maintainNow, MaintenanceFailedError, type MaintenanceReport } from "../engine/maintain/maintain.ts";
import type { Keeping } from "./chores.ts";
import { maintenanceOf } from "./maintain-app.ts";
import { reportedError } from "./reported-error.ts";

/** The scheduled maintenance, as Lambda invokes it. */
export type MaintainFunction = (event: unknown, context: Context) => Promise<MaintenanceReport>;

/**
 * The scheduled maintenance: once a day what no poller has to wait for. Twice at once is harmless,
 * and what it has no time for, or what fails, the next one does.
 *
 * An error of a chore ends the invocation with one too: Lambda does it again, twice.
 */
export function maintain(keeping: Keeping = {}): MaintainFunction {
  const maintenanceFor = maintenanceOf(keeping);
  const maintainOnce = async (context: Context): Promise<MaintenanceReport> => {
    const { maintenance, metrics } = maintenanceFor(context);
    const report = await maintainNow(maintenance);
    metrics(report);
    if (Object.keys(report.failed).length > 0) throw new MaintenanceFailedError(report.failed);
    return report;
  };
  // It keeps its own deadline, hence no early timeout.
  const stack = middy({ timeoutEarlyInMillis: 0 }).handler(async (_event: unknown, context: Context) => {
    try {
      return await maintainOnce(context);
    } catch (thrown) {
      throw reportedError(thrown, keeping.redact ?? redactSecrets);
    }
  });
  return async (event, context) => stack(event, context) as Promise<MaintenanceReport>;
}
