import { NotJsonError } from "../../shared/domain/json.ts";
import { parseJson } from "../../shared/domain/json-text.ts";
import { CommandError, EXIT } from "./exit-codes.ts";

/** JSON that a flag was given, which is to come back as it went. Throws CommandError. */
export function jsonOf(text: string, flag: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new CommandError(EXIT.usage, `${flag} ${reasonOf(cause)}.`, { cause });
  }
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof NotJsonError)) return `is not JSON: ${(thrown as Error).message}`;
  return `would not come back as it is, at "${thrown.pointer}": ${thrown.reason}`;
}
