import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/**
 * A process that is told apart from a later one with the same number by the moment it started at.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the system's own words: for comparison only. */
  readonly startedAt: string;
}

interface ProcessFacts extends ProcessIdentity {
  readonly parentPid: number;
  readonly command: string;
}

/** What the system knows of a process; undefined when it has ended, be it as a zombie. */
export function processFacts(pid: number): ProcessFacts | undefined {
  return existsSync("/proc/self/stat") ? factsFromProc(pid) : factsFromPs(pid);
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const facts = processFacts(pid);
  return facts && { pid, startedAt: facts.startedAt };
}

export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  return processFacts(pid)?.startedAt === startedAt;
}

/**
 * The npm that runs this script, if one does; between it and us there may be the shell of the
 * script. To be asked at once: a dead parent has no name.
 */
export function findNpm(): ProcessIdentity | undefined {
  if (process.env["npm_lifecycle_event"] === undefined) return undefined;
  const parent = processFacts(process.ppid);
  const isShell = parent !== undefined && /^\S*sh -c /.test(parent.command);
  return isShell ? identityOf(parent.parentPid) : parent && { pid: parent.pid, startedAt: parent.startedAt };
}

function factsFromProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, so the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, parentPid, ticks] = [fields[0], Number(fields[1]), fields[19]];
    if (state === "Z" || state === "X") return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parentPid, command, startedAt: `${boot} ${ticks}` };
  } catch {
    return undefined;
  }
}

function factsFromPs(pid: number): ProcessFacts | undefined {
  const shown = spawnSync("ps", ["-o", "stat=,ppid=,lstart=,command=", "-p", String(pid)], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  const [, state, parentPid, startedAt, command] = /^(\S+) +(\d+) +(.{24}) +(.*)$/.exec(shown.stdout.trim()) ?? [];
  if (state === undefined || state.startsWith("Z") || startedAt === undefined || command === undefined) return undefined;
  return { pid, parentPid: Number(parentPid), command, startedAt };
}
