import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { checkSchema, migrate } from "../../infra/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { BOOKING } from "../support/load.ts";
import { startScript } from "../support/processes.ts";
import { projectFolder } from "../support/project-folder.ts";
import { until } from "../support/until.ts";
import { migrateOlder, newerSql, NEXT, unpackOlder } from "./older.ts";
import type { Account, VersionOptions } from "./version-process.ts";

type Version = VersionOptions["version"];

const folder = projectFolder();
const older = await unpackOlder(folder, "version-process.ts");

/** Starts processes of a deployment, and asks the database how far they are. */
function deploymentsOver(database: TestDatabase) {
  const accounts: Promise<Account>[] = [];
  const processes: ChildProcess[] = [];
  let died: Error | undefined;
  const poller = database.url("poller");
  const connections: Record<VersionOptions["part"], VersionOptions["connections"]> = {
    producer: [{ url: database.url("producer"), driver: "pg" }],
    pollers: [
      { url: poller, driver: "pg" },
      { url: poller, driver: "neon", neonEndpoint: database.neon.url },
    ],
  };
  /** Nobody waits for what a process that died was to do. */
  async function count(query: string): Promise<number> {
    if (died) throw died;
    return (await database.query<{ n: number }>(`select count(*)::int as n from ${query}`))[0]!.n;
  }
  const endedBy = (version: Version) => count(`baton.checkpoint where node = 'notify' and output = to_jsonb('${version}'::text)`);
  return {
    count,
    /** Runs that have no ending yet. */
    left: () => count("baton.run where id not in (select run_id from baton.ending)"),
    start: (version: Version, part: VersionOptions["part"]) => {
      const options: VersionOptions = { version, part, connections: connections[part] };
      const child = startScript(older.scripts[version], JSON.stringify(options));
      processes.push(child);
      child.once("exit", (code) => {
        if (code !== 0) died = new Error(`The ${version} ${part} ended with ${code}; what they were refused is said above.`);
      });
      const ended = text(child.stdout!).then((said) => JSON.parse(said || "{}") as Account);
      accounts.push(ended);
      const stop = () => (child.kill("SIGTERM"), ended);
      return { stop };
    },
    /** Waits until pollers of each of these versions have ended so many more runs. */
    goOn: async (versions: readonly Version[], runs = 20): Promise<void> => {
      for (const version of versions) {
        const before = await endedBy(version);
        await until(`the ${version} pollers have ended ${runs} more runs`, async () => (await endedBy(version)) >= before + runs);
      }
    },
    /** What all of them saw together. */
    sum: async (): Promise<Account> => {
      const all = await Promise.all(accounts);
      return {
        accepted: all.flatMap(({ accepted }) => accepted),
        attempts: all.flatMap(({ attempts }) => attempts),
      };
    },
    [Symbol.dispose]: () => processes.forEach((child) => child.kill("SIGKILL")),
  };
}

test("an upgrade under load and the way back: old code works before, beside and after the new, every run ends once, every effect happens once", async () => {
  await using database = await createTestDatabase();
  await database.query("drop schema baton cascade");
  await migrateOlder(older, database.ownerUrl);
  expect(await checkSchema(database.ownerUrl, join(older.root, "sql"))).toBe("current");
  await database.query(BOOKING);
  using deployments = deploymentsOver(database);
  const { start, goOn, left, count, sum } = deployments;

  const before = { producer: start("older", "producer"), pollers: start("older", "pollers") };
  await goOn(["older"]);
  await migrate({ url: database.ownerUrl, roles: true, sqlDir: newerSql(folder) });
  expect(await count(`baton.migration where name = '${NEXT}'`)).toBe(1);
  await goOn(["older"]);

  const next = { producer: start("newer", "producer"), pollers: start("newer", "pollers") };
  await goOn(["newer", "older"]);
  await Promise.all([before.producer.stop(), before.pollers.stop()]);
  await goOn(["newer"]);

  await next.pollers.stop();
  const halfDone = await count("baton.checkpoint where node = 'pack' and run_id not in (select run_id from baton.ending)");
  const waiting = await left();
  await until("the newer producer has left some runs to the older pollers", async () => (await left()) >= waiting + 8);
  await next.producer.stop();
  expect(await checkSchema(database.ownerUrl, join(older.root, "sql")), "a deployment of the older code leaves it alone").toBe("newer");
  const after = { producer: start("older", "producer"), pollers: start("older", "pollers") };
  await goOn(["older"]);
  await after.producer.stop();
  await until("nothing is left", async () => (await left()) === 0);
  await after.pollers.stop();

  const { accepted, attempts } = await sum();
  const runs = accepted.length;
  const stored = await database.query("select id from baton.run order by id");
  expect(stored.map(({ id }) => id)).toEqual(accepted.toSorted());
  expect(await count("baton.ending where status = 'done'"), "each run is done").toBe(runs);
  expect(await count("baton.checkpoint"), "five outputs a run").toBe(5 * runs);
  expect(await count("baton.failure where node = 'charge' and attempt = 1")).toBe(runs);
  expect(await count("baton.failure"), "no lease ran out").toBe(runs);
  expect(await count("test.booking")).toBe(runs);
  expect(await count("(select distinct run_id from test.booking) as booked")).toBe(runs);
  expect(await count("baton.attribute where attributes ?& '{n,packedBy}'")).toBe(runs);
  expect(attempts.length, "three steps, one of them tried again").toBe(4 * runs);
  expect(new Set(attempts).size, "no attempt was made twice").toBe(attempts.length);
  await database.assertInvariants();
  const shared = await count(
    "(select from baton.checkpoint where node <> 'rest' group by run_id having count(distinct output) > 1) as shared",
  );
  console.log(`upgrade test: ${runs} runs, ${shared} of them by both versions, ${halfDone} half done at the way back`);
});
