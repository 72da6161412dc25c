import type { Logger } from "../domain/node.ts";
import { redacted, redactSecrets, type Redact } from "../domain/redact.ts";

/** Where a line goes. */
type Write = (line: string) => void;

/**
 * A logger without packages: one line of JSON each, with its time in UTC, on standard output. Texts
 * pass through `redact` first, however deep they are.
 */
export function consoleLogger(
  redact: Redact = redactSecrets,
  write: Write = (line) => void process.stdout.write(`${line}\n`),
  now: () => number = Date.now,
): Logger {
  const mask = (_key: string, value: unknown) => (typeof value === "string" ? redacted(value, redact) : value);
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, fields = {}) =>
      write(JSON.stringify({ level: level.toUpperCase(), timestamp: new Date(now()).toISOString(), message, ...fields }, mask));
  return { debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") };
}
