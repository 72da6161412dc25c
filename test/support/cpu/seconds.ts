import { readFileSync } from "node:fs";

/** The kernel counts in hundredths of a second, on every machine that Linux runs on. */
const TICKS = 100;

/**
 * What a process used of the processor, in seconds: by itself, and by those of its children that
 * have ended and were waited for.
 */
export interface Seconds {
  readonly own: number;
  readonly children: number;
}

/** Undefined where the process has ended, or where there is no /proc. */
export function secondsOf(pid: number | "self"): Seconds | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [own, system, children, theirSystem] = fields.slice(11, 15).map(Number) as [number, number, number, number];
  return { own: (own + system) / TICKS, children: (children + theirSystem) / TICKS };
}

export function childrenOf(pid: number): number[] {
  return (readOrNothing(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").filter(Boolean).map(Number);
}

/**
 * The database that a session of Postgres names in its title; undefined for processes that have
 * none.
 */
export function databaseOf(pid: number): string | undefined {
  return /^postgres: \S+ (\S+) \S+\(\d+\)/.exec(readOrNothing(`/proc/${pid}/cmdline`) ?? "")?.[1];
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
