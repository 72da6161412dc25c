import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { maintain, MaintenanceFailedError, type MaintenanceReport } from "../shared/engine/maintain.ts";
import { maintenanceFor } from "../shared/lambda/maintain-app.ts";
import { reportedError } from "../shared/lambda/reported-error.ts";

/**
 * The scheduled maintenance: once a day what no poller has to wait for. Twice at once is harmless,
 * and what it has no time for, or what fails, the next one does.
 */
// It keeps its own deadline, hence no early timeout.
export const handler = middy({ timeoutEarlyInMillis: 0 }).handler(async (_event: unknown, context: Context) => {
  try {
    return await maintainOnce(context);
  } catch (thrown) {
    throw reportedError(thrown);
  }
});

/** An error of a chore ends the invocation with one too: Lambda does it again, twice. */
async function maintainOnce(context: Context): Promise<MaintenanceReport> {
  const { maintenance, metrics } = maintenanceFor(context);
  const report = await maintain(maintenance);
  metrics(report);
  if (Object.keys(report.failed).length > 0) throw new MaintenanceFailedError(report.failed);
  return report;
}
