import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/**
 * The version of a package as it is installed beside these files; its package.json need not be
 * exported.
 */
export function installedVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new Error(`${name} is not installed: npm ci --prefix test/bench/peers`);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
