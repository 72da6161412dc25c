import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import type { ServiceRetention } from "../../shared/domain/retention.ts";
import { bundledScript } from "../support/bundled-script.ts";
import { createClock } from "../support/clock.ts";
import type { QueryAsOwner, TestDatabase } from "../support/database.ts";
import { endRuns } from "../support/ended-runs.ts";
import { newRun } from "../support/engine-calls.ts";
import { clonesOf } from "../support/filled.ts";
import { startScript } from "../support/processes.ts";
import { seededRandom } from "../support/random.ts";
import { until } from "../support/until.ts";
import type { MaintenanceProcessOptions } from "./kill/maintenance-process.ts";

const KILLS = 4;
const kept: ServiceRetention = { every: { done: "30 days" }, workflows: { brief: { done: "30 days", failed: "30 days" } } };
const script = new URL("kill/maintenance-process.ts", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "baton-maintenance-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Three weeks that go whole, and one of which the failed runs and a sleeping one stay. */
const clone = clonesOf(async (query) => {
  const clock = createClock(query);
  const now = new Date("2031-03-05T12:00:00Z");
  await clock.setNow(now);
  await query("select baton.ensure_partitions()");
  await query("select baton.enqueue($1)", [JSON.stringify({ runs: [newRun({ at: now, delay_ms: 9e9 })] })]);
  for (const workflow of ["mixed", "brief", "brief", "brief"]) {
    await endRuns(query, { runs: 40, failedEach: 5, workflow });
    await clock.advance("7 days");
    await query("select baton.ensure_partitions()");
  }
  await clock.advance("60 days");
});

const TABLES = ["run", "attribute", "checkpoint", "failure", "ending", "ready", "redrive", "control", "week"];
const SESSIONS = "select from pg_stat_activity where datname = current_database() and usename like '%archiver'";

/** Every row, and which weeks there are. */
async function contentsOf(query: QueryAsOwner) {
  const rows = TABLES.map((table) => `select '${table}' as of, t::text as row from baton.${table} as t`);
  const parts = "select 'parts', relname from pg_class where relnamespace = 'baton'::regnamespace and relispartition and relkind = 'r'";
  return query<{ of: string; row: string }>(`${rows.join(" union all ")} union all ${parts} order by 1, 2`);
}
const idsOf = async (query: QueryAsOwner) => (await query<{ id: string }>("select id from baton.run")).map(({ id }) => id);

/** What is in an archive, each run once. */
function linesIn(archive: string): string[] {
  const files = globSync("*/*.jsonl", { cwd: archive }).map((file) => readFileSync(join(archive, file), "utf8"));
  return [...new Set(files.flatMap((file) => file.trimEnd().split("\n")))].toSorted();
}
const idOf = (line: string) => (JSON.parse(line) as { id: string }).id;

/** A maintenance in a process of its own: what it did, or undefined where it was killed. */
async function maintained(options: MaintenanceProcessOptions): Promise<{ sent: number } | undefined> {
  const child = startScript(bundledScript(script, folder), JSON.stringify(options));
  const [said, [code, signal]] = await Promise.all([text(child.stdout!), once(child, "exit")]);
  expect([code, signal]).toEqual(said === "" ? [null, "SIGKILL"] : [0, null]);
  return said === "" ? undefined : (JSON.parse(said) as { sent: number });
}

const optionsFor = (database: TestDatabase, archives: boolean): MaintenanceProcessOptions => ({
  url: database.url("archiver"),
  kept,
  ...(archives && { folder: join(folder, database.name) }),
  at: -1,
  when: "before",
});

test.each([
  ["without an archive", false],
  ["with an archive", true],
])(
  "a maintenance killed with -9 at any statement leaves whole runs, and in the end what one undisturbed leaves, %s",
  async (_, archives) => {
    const { random, seed } = seededRandom();
    const [calm, stormy] = [await clone("weeks"), await clone("weeks")];
    const before = await idsOf(stormy.query);
    const [undisturbed, killed] = [optionsFor(calm, archives), optionsFor(stormy, archives)];
    const { sent } = (await maintained(undisturbed))!;
    // Failed ones of the mixed week, and the sleeping one.
    expect((await idsOf(calm.query)).length).toBe(9);
    for (let kill = 0; kill < KILLS; kill++) {
      const at = Math.floor((random() * sent) / KILLS);
      expect([seed, await maintained({ ...killed, at, when: random() < 0.5 ? "before" : "sent" })]).toEqual([seed, undefined]);
      await stormy.assertInvariants();
      const stored = new Set([...(archives ? linesIn(killed.folder!).map(idOf) : before), ...(await idsOf(stormy.query))]);
      expect([seed, before.filter((id) => !stored.has(id))]).toEqual([seed, []]);
    }
    await until("no killed one's session is left", async () => (await stormy.query(SESSIONS)).length === 0);
    await maintained(killed);
    expect([seed, await contentsOf(stormy.query)]).toEqual([seed, await contentsOf(calm.query)]);
    if (archives) expect(linesIn(killed.folder!)).toEqual(linesIn(undisturbed.folder!));
    await stormy.assertInvariants();
  },
);
