import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The API key of this clone: BATON_API_KEY, else the one kept in `folder`, made at the first start with mode 0600. */
export function apiKey(folder: string): string {
  const given = process.env["BATON_API_KEY"];
  if (given) return given;
  const file = join(folder, "api-key");
  if (!existsSync(file)) makeKey(file);
  return readFileSync(file, "utf8").trim();
}

/** Renamed into place, so that a kill at any moment leaves no half of a key. */
function makeKey(file: string): void {
  writeFileSync(`${file}.new`, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What the functions compare a key with. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
