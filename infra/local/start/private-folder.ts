import { chmodSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes a folder and all that is in it readable to its owner only, also where an earlier version
 * was less careful.
 *
 * What belongs to another user stays as it is, such as a data folder that `nobody` serves; then its
 * user may pass through.
 */
export function keepPrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = process.getuid?.();
  const isForeign = (path: string) => owner !== undefined && lstatSync(path).uid !== owner;
  chmodSync(folder, readdirSync(folder).some((name) => isForeign(join(folder, name))) ? 0o711 : 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() || isForeign(path)) continue;
    if (entry.isDirectory()) keepPrivate(path);
    else chmodSync(path, lstatSync(path).mode & 0o100 ? 0o700 : 0o600);
  }
}
