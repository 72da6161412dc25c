import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Archive } from "../domain/archive.ts";

/**
 * An archive of JSON lines in a folder, of this machine or of a network: `<folder>/<week>/<name>`.
 * The folder is made where it is not there; a relative one is below the working directory. Throws
 * RangeError where it is given none.
 *
 * Each file is whole and on the disk before its runs go. A file that ends in `.part` is what a
 * killed maintenance left.
 */
export function archiveToFolder(folder: string): Archive {
  if (folder.trim() === "") throw new RangeError("Give archiveToFolder the path of a folder; it was given none.");
  return async ({ name, lines, signal }) => {
    const file = resolve(folder, name);
    const made = await mkdir(dirname(file), { recursive: true });
    const draft = `${file}.${randomUUID()}.part`;
    try {
      await using handle = await open(draft, "wx");
      await handle.writeFile(`${lines.join("\n")}\n`, { signal });
      await handle.sync();
    } catch (thrown) {
      await rm(draft, { force: true });
      throw thrown;
    }
    await rename(draft, file);
    await syncFolders(dirname(file), made === undefined ? dirname(file) : dirname(made));
  };
}

/** A name is on the disk when its folder is. */
async function syncFolders(from: string, upTo: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    await using handle = await open(folder, "r");
    await handle.sync();
    if (folder === upTo) return;
  }
}
