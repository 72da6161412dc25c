import { Logger as PowertoolsLogger } from "@aws-lambda-powertools/logger";
import { describeError } from "../domain/errors.ts";
import type { Logger } from "../domain/node.ts";

/** Structured lines for CloudWatch: one JSON object each, so that no text can forge a line. POWERTOOLS_LOG_LEVEL sets the level. */
export function createLogger(): Logger {
  const lines = new PowertoolsLogger({ serviceName: process.env["POWERTOOLS_SERVICE_NAME"] ?? "baton" });
  return {
    debug: (message, fields) => lines.debug(message, { ...fields }),
    info: (message, fields) => lines.info(message, { ...fields }),
    warn: (message, fields) => lines.warn(message, { ...fields }),
    error: (message, fields) => lines.error(message, { ...fields }),
  };
}

/**
 * An error as it is logged: what it says and where, without the facts that carry values of rows or headers of requests (a
 * driver's cause holds the connection string), and without the credentials of a URL in its text.
 */
export function loggable(thrown: unknown): Record<string, unknown> {
  const { name, message, stack } = describeError(thrown);
  const sqlstate = typeof thrown === "object" && thrown !== null && "sqlstate" in thrown ? thrown.sqlstate : undefined;
  return { name, message: withoutCredentials(message), sqlstate, stack: stack === undefined ? undefined : withoutCredentials(stack) };
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^\s/]*@/g, "://***@");
}
