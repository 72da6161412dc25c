import { Logger as Powertools } from "@aws-lambda-powertools/logger";
import type { Logger } from "../domain/node.ts";

/**
 * The engine's logger over Powertools: one JSON line each, with the fields as keys.
 * POWERTOOLS_LOG_LEVEL sets the level.
 */
export function stepLogger(serviceName: string): Logger {
  const logger = new Powertools({ serviceName });
  return {
    debug: (message, fields = {}) => logger.debug(message, fields),
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
  };
}
