import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { troubleIn } from "./trouble.ts";

const LOOK_EVERY_MS = 1_000;
/** A trouble that lasts is said again, but not for each statement that it stops. */
const SAY_AGAIN_MS = 60_000;
const AT_ONCE = 64 * 1024;

/**
 * Tells of a full disk or a folder that is read-only, under which Postgres lives on and refuses
 * what is to be stored. Returns what ends it.
 */
export function watchLog(dataDir: string, tell: (trouble: string) => void, everyMs = LOOK_EVERY_MS): () => void {
  let seen = 0;
  let said = -SAY_AGAIN_MS;
  const look = () => {
    const { text, size } = readFrom(`${dataDir}.log`, seen);
    seen = size;
    const trouble = troubleIn(text, dataDir);
    if (trouble === undefined || performance.now() - said < SAY_AGAIN_MS) return;
    said = performance.now();
    tell(trouble);
  };
  const timer = setInterval(look, everyMs).unref();
  return () => clearInterval(timer);
}

/** What was written since, or from the start where the file is a new one by now. */
function readFrom(file: string, position: number): { text: string; size: number } {
  try {
    const log = openSync(file, "r");
    try {
      const { size } = fstatSync(log);
      const start = Math.max(size < position ? 0 : position, size - AT_ONCE);
      const bytes = Buffer.alloc(size - start);
      return { text: bytes.toString("utf8", 0, readSync(log, bytes, 0, bytes.length, start)), size };
    } finally {
      closeSync(log);
    }
  } catch {
    return { text: "", size: 0 };
  }
}
