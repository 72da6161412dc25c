import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { MaintenanceReport } from "../engine/maintain/maintain.ts";
import type { PollReport } from "../engine/poll/poll-report.ts";

/**
 * A line of metrics for each poll, and one for each minute that it works; see `docs/operations.md`
 * for what is made of them.
 */
export type PollMetrics = (report: PollReport) => void;

/** One line of metrics for each maintenance. */
export type MaintenanceMetrics = (report: MaintenanceReport) => void;

/** One line of metrics for each request that was not served. */
export type RejectionMetrics = (status: number) => void;

/**
 * Prints what a poll did since its last line in CloudWatch's embedded metric format: a line of the
 * log, no call. A poll counts in its first line; the others hold a 0 for it, which is a sign of
 * life.
 *
 * Metrics of the service's own namespace with the dimensions service and stage.
 */
export function pollMetrics(service: string, stage: string): PollMetrics {
  const metrics = metricsOf(service, "poller", stage);
  const said = new WeakMap<PollReport, PollReport>();
  return (report) => {
    const before = said.get(report);
    const since = (count: "crashed" | "failedRuns" | "poisoned" | "steps" | "expiredSignals") => report[count] - (before?.[count] ?? 0);
    const { oldestReadyMs, oldestUnclaimedMs } = report;
    const [poisoned, expired] = [since("poisoned"), since("expiredSignals")];
    metrics.addMetric("Polls", MetricUnit.Count, before === undefined ? 1 : 0);
    metrics.addMetric("RestedPolls", MetricUnit.Count, report.rested ? 1 : 0);
    metrics.addMetric("LeaseExpiries", MetricUnit.Count, since("crashed"));
    metrics.addMetric("FailedRuns", MetricUnit.Count, since("failedRuns"));
    // A metric costs from its first line of the month on.
    if (poisoned > 0) metrics.addMetric("PoisonRuns", MetricUnit.Count, poisoned);
    if (expired > 0) metrics.addMetric("ExpiredSignals", MetricUnit.Count, expired);
    if (oldestUnclaimedMs !== undefined) metrics.addMetric("OldestUnclaimedAge", MetricUnit.Milliseconds, oldestUnclaimedMs);
    metrics.addMetric("Steps", MetricUnit.Count, since("steps"));
    if (oldestReadyMs !== undefined) metrics.addMetric("OldestReadyAge", MetricUnit.Milliseconds, oldestReadyMs);
    said.set(report, { ...report });
    metrics.publishStoredMetrics();
  };
}

/**
 * Prints a request that was answered with a problem; ServerErrors are those that are no fault of
 * the caller.
 */
export function rejectionMetrics(service: string, stage: string): RejectionMetrics {
  const metrics = metricsOf(service, "api", stage);
  return (status) => {
    metrics.addMetric("RejectedRequests", MetricUnit.Count, 1);
    metrics.addMetric("ServerErrors", MetricUnit.Count, status >= 500 ? 1 : 0);
    metrics.publishStoredMetrics();
  };
}

/**
 * Prints a maintenance; it counts where every chore that there was time for did its work, and where
 * there was nothing to do. What was let go stands there where something may go.
 */
export function maintenanceMetrics(service: string, stage: string): MaintenanceMetrics {
  const metrics = metricsOf(service, "maintenance", stage);
  return ({ done, failed }) => {
    const [ahead, weeks, runs] = [done["weeks"]?.["ahead"], done["retention"]?.["weeks"], done["retention"]?.["runs"]];
    metrics.addMetric("Maintenances", MetricUnit.Count, Object.keys(failed).length === 0 ? 1 : 0);
    if (typeof ahead === "number") metrics.addMetric("PartitionsAhead", MetricUnit.Count, ahead);
    if (typeof weeks === "number") metrics.addMetric("WeeksLetGo", MetricUnit.Count, weeks);
    if (typeof runs === "number") metrics.addMetric("RunsLetGo", MetricUnit.Count, runs);
    metrics.publishStoredMetrics();
  };
}

function metricsOf(service: string, part: "poller" | "api" | "maintenance", stage: string): Metrics {
  const metrics = new Metrics({ namespace: service, serviceName: `${service}-${part}` });
  metrics.setDefaultDimensions({ stage });
  return metrics;
}
