import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { dryRun } from "../../infra/maintain.ts";
import { createTestDatabase } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";

const script = fileURLToPath(new URL("../../infra/maintain.ts", import.meta.url));

/** What the command prints, and how it ends. */
async function command(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const { DATABASE_URL: _, ...own } = process.env;
  const run = promisify(execFile)(process.execPath, [script, ...args], { env: { ...own, ...env } });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (thrown: { code: number; stdout: string; stderr: string }) => thrown,
  );
}

test("the command says how it is used, and what is missing before it connects", async () => {
  const [help, nowhere] = await Promise.all([command(["--help"]), command([])]);
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: npm run maintain \[-- --dry-run\]\n/), stderr: "" });
  expect(nowhere).toMatchObject({ code: 1, stdout: "" });
  expect(nowhere.stderr).toBe(
    "Set DATABASE_URL to the database to maintain, as its owner or as a login in baton_maintainer: DATABASE_URL=postgresql://… npm run maintain\n",
  );
});

test("the command does the whole maintenance as the maintenance's login, and says what it did", async () => {
  await using database = await createTestDatabase();
  await database.advance("21 days"); // There are weeks to index.
  const { code, stdout } = await command([], { DATABASE_URL: database.url("maintainer") });
  expect([code, stdout.trimEnd().split("\n").length]).toEqual([0, 1]);
  expect(JSON.parse(stdout)).toMatchObject({
    message: "maintenance",
    done: {
      weeks: { ahead: 3 },
      indexes: { left: 0 },
      retention: { kept: "for ever" },
      daily: { refreshed: true },
      months: { by: "baton" },
    },
    failed: {},
  });
});

test("a dry run has a line for each closed week and one for all, and says so where everything is kept for ever", async () => {
  await using database = await createTestDatabase();
  await database.setNow(new Date("2031-03-05T12:00:00Z"));
  await database.query("select baton.ensure_partitions()");
  await endRuns(database.query, { runs: 100, failedEach: 4 });
  await database.advance("60 days");
  const lines: string[] = [];
  await dryRun({ every: { done: "30 days" } }, { DATABASE_URL: database.url("maintainer") }, (line) => void lines.push(line));
  expect(lines).toContainEqual(expect.stringMatching(/^week of 2031-03-03: 75 of 100 runs, 0\.\d MB$/));
  expect(lines.at(-1)).toMatch(/^75 runs would be let go, \d+\.\d MB; nothing was done\.$/);
  const { code, stdout } = await command(["--dry-run"], { DATABASE_URL: database.url("maintainer") });
  expect([code, stdout]).toEqual([0, "Everything is kept for ever: shared/workflows/retention.ts names no time. Nothing was done.\n"]);
  expect(await database.query("select count(*)::int as n from baton.run")).toEqual([{ n: 100 }]);
});
