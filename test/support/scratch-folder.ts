import { spawn } from "node:child_process";
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory, on Linux. */
const MEMORY = "/dev/shm";
/** Several times what the tests have there at the most. */
const ROOM = 4 * 2 ** 30;

/** The folder of everything that the tests of one run write. */
export interface ScratchFolder {
  readonly path: string;
  /** Removes it; without this it goes when the process ends, in whatever way. */
  remove(): void;
  /** Leaves it where it is. */
  keep(): void;
}

/**
 * Makes the folder, and lets `tmpdir()` mean it, in this process and in those that it starts.
 *
 * In memory where there is plenty: each server and each database is a thousand small files, and on
 * a disk the file system works as long to make and remove them as Postgres does. Who sets TMPDIR,
 * or wants to look at the data afterwards, gets them on the disk.
 */
export function makeScratchFolder(): ScratchFolder {
  const onDisk = process.env["TMPDIR"] !== undefined || process.env["BATON_TEST_KEEP"] === "1" || !hasRoom(MEMORY);
  const path = mkdtempSync(join(onDisk ? tmpdir() : MEMORY, "baton-test-"));
  // Root's PgBouncer runs as somebody else, who has a folder of its own in here.
  chmodSync(path, 0o711);
  process.env["TMPDIR"] = path;
  const keep = removeWithUs(path);
  return { path, keep, remove: () => (rmSync(path, { recursive: true, force: true }), keep()) };
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM && process.availableMemory() >= 2 * ROOM;
  } catch {
    return false;
  }
}

/**
 * A small process that removes the folder when this one dies: it waits for the end of a pipe that
 * only we hold, and then for the servers that still write there. Returns what calls it off.
 */
function removeWithUs(path: string): () => void {
  const script = 'read -r _; for n in 1 2 3 4 5 6 7 8 9; do rm -rf "$0" && exit; sleep 1; done';
  const child = spawn("sh", ["-c", script, path], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/" });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return () => void child.kill("SIGKILL");
}
