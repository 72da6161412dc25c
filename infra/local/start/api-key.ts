import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../../shared/lambda/api-key.ts";
import { newTicketKey } from "../../keys/ticket-key.ts";
import { SettingError } from "./settings.ts";

/**
 * BATON_API_KEY, undefined where it is not set.
 *
 * Throws SettingError where requests could not carry it: a header holds no other signs, and a comma
 * would part two keys.
 */
export function givenApiKey(env: NodeJS.ProcessEnv): string | undefined {
  const given = env["BATON_API_KEY"];
  if (!given) return undefined;
  if (/^[!-+\--~]+$/.test(given)) return given;
  throw new SettingError("BATON_API_KEY holds a comma, a blank or a sign that is not ASCII: take letters, digits and other visible signs");
}

/** The API key of this clone, kept in `folder`; made at the first start with mode 0600. */
export function keptApiKey(folder: string): string {
  return keptText(join(folder, "api-key"), () => randomBytes(24).toString("base64url"));
}

/** The ticket keys of this clone, kept in `folder`; made at the first start with mode 0600. */
export function keptTicketKeys(folder: string): string {
  return keptText(join(folder, "ticket-keys"), newTicketKey);
}

/** Renamed into place, so that a kill at any moment leaves no half of a key. */
function keptText(file: string, make: () => string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, `${make()}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return readFileSync(file, "utf8").trim();
}

/** What the functions read of it: the person who starts the service may do everything. */
export function operatorKey(key: string): string {
  return JSON.stringify([{ name: "local", role: "operator", digest: digestOf(key).toString("hex") }]);
}
