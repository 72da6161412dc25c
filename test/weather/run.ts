// npm run test:weather [-- <files>]: the same tests where verdicts like to break: in another zone,
// in the C locale, in a folder with spaces and umlauts, and beside four busy loops. Ends with 1 if
// any of them fails.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyProject } from "../journeys/service-copy.ts";
import { endWithUs } from "../support/processes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOOPS = 4;

function passes(what: string, cwd: string, env: Readonly<Record<string, string>> = {}): boolean {
  console.log(`\n== ${what}`);
  const vitest = join(cwd, "node_modules/vitest/vitest.mjs");
  const line = [vitest, "run", "--reporter=dot", ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, line, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
  console.log(`== ${what}: ${status === 0 ? "ok" : "FAILED"}`);
  return status === 0;
}

/**
 * A clone in a folder whose name a careless command or URL would take apart. The packages are its
 * own: a link would lead out of it.
 */
function inOddFolder(): boolean {
  const clone = copyProject();
  const folder = mkdtempSync(join(tmpdir(), "Bäton prüft "));
  try {
    cpSync(clone, folder, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith("/node_modules") });
    cpSync(join(ROOT, "node_modules"), join(folder, "node_modules"), { recursive: true, verbatimSymlinks: true });
    // Tests ask git for the files of the project.
    for (const args of [
      ["init", "-q"],
      ["add", "-A"],
    ])
      spawnSync("git", args, { cwd: folder });
    return passes(`in ${folder}`, folder);
  } finally {
    for (const path of [clone, folder]) rmSync(path, { recursive: true, force: true });
  }
}

function besideBusyLoops(): boolean {
  const loops: ChildProcess[] = Array.from({ length: LOOPS }, () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
  loops.forEach((loop) => endWithUs(loop));
  try {
    return passes(`beside ${LOOPS} busy loops`, ROOT);
  } finally {
    loops.forEach((loop) => loop.kill("SIGKILL"));
  }
}

const results = [
  passes("TZ=Europe/Berlin", ROOT, { TZ: "Europe/Berlin" }),
  passes("LANG=C", ROOT, { LANG: "C", LC_ALL: "C" }),
  inOddFolder(),
  besideBusyLoops(),
];
process.exitCode = results.every(Boolean) ? 0 : 1;
