import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../../shared/lambda/api-key.ts";
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
  const file = join(folder, "api-key");
  if (!existsSync(file)) makeKey(file);
  return readFileSync(file, "utf8").trim();
}

/** Renamed into place, so that a kill at any moment leaves no half of a key. */
function makeKey(file: string): void {
  writeFileSync(`${file}.new`, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What the functions read of it: the person who starts the service may do everything. */
export function operatorKey(key: string): string {
  return JSON.stringify([{ name: "local", role: "operator", digest: digestOf(key).toString("hex") }]);
}
