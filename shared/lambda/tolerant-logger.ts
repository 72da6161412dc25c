import type { Logger } from "../domain/node.ts";

/** What writes the lines; it is always given fields. */
type Writer = Readonly<Record<keyof Logger, (message: string, fields: Readonly<Record<string, unknown>>) => void>>;

/**
 * A logger that writes its line also where a handler's fields cannot be written: a getter or a
 * proxy in them that throws is no reason to fail its attempt.
 */
export function tolerantLogger(writer: Writer): Logger {
  const at =
    (level: keyof Logger): Logger["info"] =>
    (message, fields = {}) => {
      try {
        writer[level](message, fields);
      } catch {
        writer[level](message, { ...fields, fields: "(these fields cannot be written as JSON)" });
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
