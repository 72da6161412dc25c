import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { PollReport } from "../engine/poll-queue.ts";

/** One line of metrics for each poll; see `docs/operations.md` for what is made of them. */
export type PollMetrics = (report: PollReport) => void;

/** One line of metrics for each request that was not served. */
export type RejectionMetrics = (status: number) => void;

/**
 * Prints what a poll did in CloudWatch's embedded metric format: a line of the log, no call.
 *
 * Metrics of namespace Baton with the dimensions service and stage.
 */
export function pollMetrics(stage: string): PollMetrics {
  const metrics = metricsOf("baton-poller", stage);
  return ({ rested, crashed, failedRuns, poisoned, steps, oldestReadyMs }) => {
    metrics.addMetric("Polls", MetricUnit.Count, 1);
    metrics.addMetric("RestedPolls", MetricUnit.Count, rested ? 1 : 0);
    metrics.addMetric("LeaseExpiries", MetricUnit.Count, crashed);
    metrics.addMetric("FailedRuns", MetricUnit.Count, failedRuns);
    // A metric costs from its first line of the month on.
    if (poisoned > 0) metrics.addMetric("PoisonRuns", MetricUnit.Count, poisoned);
    metrics.addMetric("Steps", MetricUnit.Count, steps);
    if (oldestReadyMs !== undefined) metrics.addMetric("OldestReadyAge", MetricUnit.Milliseconds, oldestReadyMs);
    metrics.publishStoredMetrics();
  };
}

/**
 * Prints a request that was answered with a problem; ServerErrors are those that are no fault of
 * the caller.
 */
export function rejectionMetrics(stage: string): RejectionMetrics {
  const metrics = metricsOf("baton-api", stage);
  return (status) => {
    metrics.addMetric("RejectedRequests", MetricUnit.Count, 1);
    metrics.addMetric("ServerErrors", MetricUnit.Count, status >= 500 ? 1 : 0);
    metrics.publishStoredMetrics();
  };
}

function metricsOf(serviceName: string, stage: string): Metrics {
  const metrics = new Metrics({ namespace: "Baton", serviceName });
  metrics.setDefaultDimensions({ stage });
  return metrics;
}
