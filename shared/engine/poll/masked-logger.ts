import type { Logger } from "../../domain/node.ts";
import { redacted, type Redact } from "../../domain/redact.ts";

/**
 * A logger for the engine's own lines, whose fields are texts and numbers: it writes them without
 * secrets.
 */
export function maskedLogger(logger: Logger, redact: Redact): Logger {
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, fields = {}) =>
      logger[level](message, Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, masked(value)])));
  const masked = (value: unknown) => (typeof value === "string" ? redacted(value, redact) : value);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
