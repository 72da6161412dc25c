import { chmodSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Something else has the name of a folder that is needed. */
export class NoFolderError extends Error {
  override readonly name = "NoFolderError";

  constructor(folder: string) {
    super(`${folder} is not a folder, and Baton keeps what it needs in one of that name. Move it away, then start again.`);
  }
}

/**
 * Makes a folder and all that is in it readable to its owner only, also where an earlier version
 * was less careful.
 *
 * What belongs to another user stays as it is, such as a data folder that `nobody` serves; then its
 * user may pass through. Throws NoFolderError.
 */
export function keepPrivate(folder: string): void {
  makeFolder(folder);
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

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!["EEXIST", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    throw new NoFolderError(folder);
  }
}
