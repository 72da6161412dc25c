import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The API key of this clone: BATON_API_KEY, else the one kept in `folder`, made at the first start with mode 0600. */
export function apiKey(folder: string): string {
  const given = process.env["BATON_API_KEY"];
  if (given) return given;
  const file = join(folder, "api-key");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  return readFileSync(file, "utf8").trim();
}

/** What the functions compare a key with. */
export function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}
