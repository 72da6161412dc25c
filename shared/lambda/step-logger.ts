import { LogFormatter, LogItem, Logger as Powertools } from "@aws-lambda-powertools/logger";
import type { LogAttributes, UnformattedAttributes } from "@aws-lambda-powertools/logger/types";
import type { Logger } from "../domain/node.ts";
import { maskedBy, redactSecrets, type Redact } from "../domain/redact.ts";
import { tolerantLogger } from "./tolerant-logger.ts";

/**
 * The engine's logger over Powertools: one JSON line each, with the fields as keys.
 * POWERTOOLS_LOG_LEVEL sets the level.
 *
 * Every text in a line, however deep, passes through the service's `redact`; what has the name of a
 * secret is masked whole.
 */
export function stepLogger(serviceName: string, redact: Redact = redactSecrets): Logger {
  return tolerantLogger(new Powertools({ serviceName, jsonReplacerFn: maskedBy(redact), logFormatter: new UtcFormat() }));
}

/**
 * Times in UTC, wherever the process is: Powertools' own are those of TZ, and half an hour west of
 * Greenwich it writes another offset than it counts with.
 */
class UtcFormat extends LogFormatter {
  override formatAttributes(known: UnformattedAttributes, more: LogAttributes): LogItem {
    const { logLevel: level, message, timestamp, serviceName: service, sampleRateValue, xRayTraceId } = known;
    const attributes = {
      level,
      message,
      timestamp: timestamp.toISOString(),
      service,
      sampling_rate: sampleRateValue,
      xray_trace_id: xRayTraceId,
    };
    return new LogItem({ attributes }).addAttributes(more);
  }
}
