import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { runRepository } from "../../shared/db/run-repository.ts";
import type { EnqueueRequest, NewRun } from "../../shared/domain/protocol.ts";
import { createTestDatabase } from "../support/database.ts";
import { newRun } from "../support/engine-calls.ts";
import { projectFolder } from "../support/project-folder.ts";
import { migrateOlder, unpackOlder } from "./older.ts";

const older = await unpackOlder(projectFolder(), "version-process.ts");
const { runRepository: olderRepository } = (await import(pathToFileURL(join(older.root, "shared/db/run-repository.ts")).href)) as {
  readonly runRepository: typeof runRepository;
};

/** Each way in which a producer asks for runs. */
const requests: Readonly<Record<string, (runs: readonly NewRun[]) => EnqueueRequest>> = {
  "fresh runs": (runs) => ({ fresh: true, runs }),
  "runs that may be there": (runs) => ({ runs }),
  "fresh runs, some with a key": (runs) => ({ fresh: true, runs: withKeys(runs) }),
  "runs that may be there, some with a key": (runs) => ({ runs: withKeys(runs) }),
  "a request with a key": (runs) => ({ fresh: true, runs, request: { workflow: "fulfil-order", key: "monday", hash: "h" } }),
};

const withKeys = (runs: readonly NewRun[]) => runs.map((run, n) => (n === 1 ? run : { ...run, key: `k${n}`, hash: "h" }));
const someRuns = () => [
  newRun(),
  newRun({ priority: 0, delay_ms: 60_000 }),
  newRun({ version: 2, input: null, attributes: { tags: ["eu"] } }),
  newRun({ run_at: "2031-01-01T00:00:00Z" }),
];

for (const [what, ask] of Object.entries(requests)) {
  test(`${what}: the older producer has the same stored and is told the same as the newer one`, async () => {
    await using database = await createTestDatabase();
    const as = { older: olderRepository(database.connect("producer")), newer: runRepository(database.connect("producer")) };
    const stored = `select workflow, version, priority, input, start_is_named, attributes, band, date_trunc('hour', run_at) as run_at
      from baton.run join baton.ready on run_id = id left join baton.attribute using (run_id) order by ready.run_at`;
    const seen: unknown[] = [];
    for (const version of ["older", "newer"] as const) {
      const runs = someRuns();
      const { nudge, runs: accepted } = await as[version].enqueue(ask(runs));
      expect(accepted.map(({ id }) => id)).toEqual(runs.map(({ id }) => id));
      const keys = await database.query("select workflow, scope, key, hash from baton.dedup order by key");
      seen.push({ nudge, statuses: accepted.map(({ status }) => status), rows: await database.query(stored), keys });
      if (keys.length > 0) {
        const other = version === "older" ? as.newer : as.older;
        const again = await other.enqueue(ask(someRuns()));
        const isKnown = again.runs.map(({ id }, n) => id === runs[n]!.id);
        expect(isKnown, "the other one finds what a key stands for").toEqual([true, keys.length === 1, true, true]);
      }
      await database.query("truncate baton.ready, baton.attribute, baton.dedup, baton.run");
    }
    expect(seen[0]).toEqual(seen[1]);
  });
}

test("the newer producer says of the older functions that they are older, whatever it asks, and stores nothing", async () => {
  await using database = await createTestDatabase();
  await database.query("drop schema baton cascade");
  await migrateOlder(older, database.ownerUrl);
  const producer = runRepository(database.connect("owner"));
  for (const ask of Object.values(requests)) {
    await expect(producer.enqueue(ask(someRuns()))).rejects.toMatchObject({ name: "OlderSchemaError", schema: "older" });
  }
  expect(await database.query("select from baton.run")).toEqual([]);
  expect(await database.query("select from baton.dedup")).toEqual([]);
});
