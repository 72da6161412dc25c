import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { uniqueName } from "../support/cluster.ts";
import { until } from "../support/until.ts";

/** All processes that were given a word with their environment, whoever their parent is by now. */
function withWord(word: string): string[] {
  const named = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && factOf(entry, "environ").includes(word));
  return named.map((pid) => factOf(pid, "cmdline").replaceAll("\0", " ")).filter(Boolean);
}

/** Nothing of a process that has just ended. */
function factOf(pid: string, fact: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${fact}`, "utf8");
  } catch {
    return "";
  }
}

test.runIf(existsSync("/proc/self/environ"))("a run of tests that is killed with -9 in the middle leaves no process behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "baton-cut-off-"));
  const [holds, word] = [join(folder, "holds"), uniqueName("cut_off")];
  const [program, config] = ["../../node_modules/vitest/vitest.mjs", "cut-off/vitest.config.ts"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  ) as [string, string];
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|BATON_|TEST_DATABASE_URL|NODE_)/.test(name));
  const env = {
    ...Object.fromEntries(inherited),
    CUT_OFF_WORD: word,
    CUT_OFF_HOLDS: holds,
    CUT_OFF_LEDGER: join(folder, "ledger"),
    TMPDIR: folder,
  };
  const run = spawn(process.execPath, [program, "run", "--config", config], { env, stdio: "ignore" });
  try {
    await until("each kind of process is there", () => existsSync(holds) || run.exitCode !== null);
    expect(withWord(word).length).toBeGreaterThan(8);
    run.kill("SIGKILL");
    await until("all have ended", () => withWord(word).length === 0).catch((error: Error) => {
      throw new Error(`${error.message} Left:\n${withWord(word).join("\n")}`);
    });
  } finally {
    run.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
