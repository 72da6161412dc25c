import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { startLoad } from "../support/load.ts";
import { startScript } from "../support/processes.ts";
import { seededRandom } from "../support/random.ts";
import { nextSql } from "../support/sql-dir.ts";

// BATON_MIGRATION_KILLS=all kills before and after each statement; by default ten are chosen, each
// of another kind; BATON_SEED repeats a choice.
const all = process.env["BATON_MIGRATION_KILLS"] === "all";
const folder = mkdtempSync(join(tmpdir(), "baton-versions-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let versions = 0;

/**
 * The files of another version, which knows nothing of those before it, so that each deployment has
 * the same statements.
 */
async function anotherVersion(database: TestDatabase, ...tables: string[]): Promise<string> {
  await database.query("delete from baton.migration where name like '9000%'");
  return nextSql(folder, ++versions, tables);
}

test("functions are replaced, dropped and made, and tables get columns, while producers and pollers work: no call is refused, no step repeated", async () => {
  await using database = await createTestDatabase();
  await using load = await startLoad(database);
  await load.goesOn(40);
  for (let version = 1; version <= 3; version++) {
    const sqlDir = await anotherVersion(database, "run", "checkpoint", "ready", "lease");
    await migrate({ url: database.ownerUrl, roles: true, sqlDir });
    expect(await checkSchema(database.ownerUrl, sqlDir)).toBe("current");
    await load.goesOn(40);
  }
  await load.finish();
});

/** A deployment in a process of its own; gives the statements that it sent. */
async function deployed(url: string, sqlDir: string, ...kill: string[]): Promise<string[]> {
  const deployer = startScript(new URL("deployer-process.ts", import.meta.url), url, sqlDir, ...kill);
  const [said, [code, signal]] = await Promise.all([text(deployer.stdout!), once(deployer, "exit")]);
  expect([code, signal]).toEqual(kill.length === 0 ? [0, null] : [null, "SIGKILL"]);
  const lines = said.split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as string);
}

interface KillPoint {
  readonly number: number;
  readonly when: "before" | "sent";
}

/** Statements that do the same to different things are one kind. */
function kindOf(statement: string): string {
  const words = statement
    .replaceAll(/^--.*$/gm, "")
    .trim()
    .split(/\s+/);
  return words.slice(0, 2).join(" ");
}

/**
 * The numbers of the statements to kill at, each with the moment. Settings and looks change
 * nothing, and are left to `all`.
 */
function killPoints(statements: readonly string[], random: () => number): KillPoint[] {
  if (all)
    return statements.flatMap((_, number): KillPoint[] => [
      { number, when: "before" },
      { number, when: "sent" },
    ]);
  const kinds = Map.groupBy(statements.keys(), (number) => kindOf(statements[number]!));
  const changing = [...kinds].filter(([kind]) => !/^(set|select) /.test(kind));
  // In an order of chance, so that the few that are taken are others each time.
  const drawn = changing.map(([, numbers]) => ({ number: numbers[Math.floor(random() * numbers.length)]!, order: random() }));
  const chosen = drawn
    .toSorted((a, b) => a.order - b.order)
    .slice(0, 9)
    .map(({ number }) => number);
  // The last commit is that of all functions.
  return [...new Set([...chosen, statements.lastIndexOf("commit")])].map((number) => ({
    number,
    when: random() < 0.5 ? "before" : "sent",
  }));
}

test("a deployer killed with -9 at a statement stops nobody, and the next one finishes", { timeout: all ? 900_000 : 300_000 }, async () => {
  const { random, seed } = seededRandom();
  await using database = await createTestDatabase();
  const url = database.ownerUrl;
  const points = killPoints(await deployed(url, await anotherVersion(database, "lease")), random);
  await using load = await startLoad(database);
  for (const { number, when } of points) {
    const sqlDir = await anotherVersion(database, "lease");
    await deployed(url, sqlDir, String(number), when);
    await load.goesOn(4);
    await migrate({ url, roles: true, sqlDir });
    expect(await checkSchema(url, sqlDir), `after a kill at statement ${number} (${when}, seed ${seed})`).toBe("current");
  }
  const { runs } = await load.finish();
  console.log(`migration kill test: ${points.length} kills while ${runs} runs were done, seed ${seed}`);
});
