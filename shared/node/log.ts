import type { Logger } from "../domain/node.ts";
import { maskedBy, redactSecrets, type Redact } from "../domain/redact.ts";
import { tolerantLogger } from "../lambda/tolerant-logger.ts";

/** Where a line goes. */
type Write = (line: string) => void;

/**
 * A logger without packages: one line of JSON each, with its time in UTC, on standard output,
 * masked as on Lambda.
 */
export function consoleLogger(
  redact: Redact = redactSecrets,
  write: Write = (line) => void process.stdout.write(`${line}\n`),
  now: () => number = Date.now,
): Logger {
  const mask = maskedBy(redact);
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, fields = {}) =>
      write(JSON.stringify({ level: level.toUpperCase(), timestamp: new Date(now()).toISOString(), message, ...fields }, mask));
  return tolerantLogger({ debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") });
}
