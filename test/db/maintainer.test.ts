import pg from "pg";
import { afterEach, describe, expect, test } from "vitest";
import { migrate } from "../../infra/migrate.ts";
import { maintenanceRepository } from "../../shared/db/maintenance-repository.ts";
import { createTestDatabase, type Driver } from "../support/database.ts";
import { checkAfterEach } from "../support/engine-calls.ts";
import { until } from "../support/until.ts";

const database = await createTestDatabase();
checkAfterEach(database);
const maintainer = database.connect("maintainer");
const drivers: Driver[] = ["neon", "pg"];

/** A week that is over: the test's clock goes on, and its tables stay. */
await database.query("select baton.ensure_partitions()");
await database.advance("28 days");
await database.query("select baton.ensure_partitions()");
const weeks = await database.query<{ part: string }>(
  `select relname as part from pg_class where relnamespace = 'baton'::regnamespace and relispartition and relkind = 'r' and relname like 'run\\_%' order by 1`,
);
const [closed, current] = [weeks[0]!.part.slice(4), weeks.at(-1)!.part.slice(4)];
const parents = ["run", "attribute", "checkpoint", "failure", "ending"];
const PAYLOAD = ["run.input", "checkpoint.output", "failure.error", "ending.error", "attribute.attributes"];

afterEach(() => database.query("select baton.take_back_tables()"));

const refusal = (sqlstate: string) => ({ sqlstate });
const lend = (part: string) => maintainer.query("select baton.lend_table($1)", [part]);
const isHeld = async (part: string) =>
  (await database.query("select from pg_locks where relation = $1::regclass and granted", [`baton.${part}`])).length > 0;
const ownerOf = async (part: string) =>
  (await database.query("select relowner::regrole::text as owner from pg_class where relname = $1", [part]))[0]?.["owner"];

test("the maintenance's login reads no payload, whether a week is lent to it or not", async () => {
  const readsOf = (where: (table: string) => string) =>
    PAYLOAD.map((name) => name.split(".") as [string, string]).map(([table, column]) => `select ${column} from baton.${where(table)}`);
  const reads = [...readsOf((table) => table), ...readsOf((table) => `${table}_${closed}`)];
  for (const read of reads) await expect(maintainer.query(read), read).rejects.toMatchObject(refusal("42501"));
  for (const parent of parents) await lend(`${parent}_${closed}`);
  for (const read of reads) await expect(maintainer.query(read), read).rejects.toMatchObject(refusal("42501"));
});

describe.each(drivers)("through the driver %s", (driver) => {
  test("it makes and drops an index of a closed week concurrently, which is the owner's afterwards", async () => {
    const login = database.connect("maintainer", driver);
    const [part, index] = [`run_${closed}`, `run_${closed}_by_${driver}`];
    const make = `create index concurrently ${index} on baton.${part} (workflow)`;
    await expect(login.query(make)).rejects.toMatchObject(refusal("42501"));
    await lend(part);
    await login.query(make);
    expect(await maintenanceRepository(login).takeBackTables()).toBe(1);
    const found =
      "select indisvalid as valid, relowner::regrole::text as owner from pg_index join pg_class on oid = indexrelid where relname = $1";
    expect(await database.query(found, [index])).toEqual([{ valid: true, owner: "baton_migrator" }]);
    await expect(login.query(`drop index concurrently baton.${index}`)).rejects.toMatchObject(refusal("42501"));
    await lend(part);
    await login.query(`drop index concurrently baton.${index}`);
    expect(await database.query(found, [index])).toEqual([]);
  });
});

test("what was lent is taken back whole: the owner has its rights again, and nobody else may make anything in the schema", async () => {
  await lend(`ending_${closed}`);
  await lend(`ending_${closed}`);
  expect(await ownerOf(`ending_${closed}`)).toBe("baton_maintainer");
  expect(await database.query("select baton.take_back_tables() as taken")).toEqual([{ taken: 1 }]);
  expect(await ownerOf(`ending_${closed}`)).toBe("baton_migrator");
  expect(
    await database.query(
      "select has_table_privilege('baton_migrator', $1, 'select') as reads, has_schema_privilege('baton_maintainer', 'baton', 'create') as makes",
      [`baton.ending_${closed}`],
    ),
  ).toEqual([{ reads: true, makes: false }]);
});

test.each([
  ["of the current week", `run_${current}`],
  ["that is no week's", "ready"],
  ["that is no partition", "run"],
  ["that is not there", "run_19990104"],
  ["of another name", `run_${closed} cascade`],
  ["without a name", null],
])("a table %s is not lent", async (_what, part) => {
  await expect(lend(part!)).rejects.toMatchObject(refusal("BT040"));
});

test("a table that somebody reads is not waited for: who reads after it is held up for 100 ms at most", async () => {
  const reader = new pg.Client({ connectionString: database.ownerUrl });
  await reader.connect();
  await reader.query(`begin; select from baton.run_${closed}`);
  await expect(lend(`run_${closed}`)).rejects.toMatchObject(refusal("55P03"));
  await reader.end();
  await until("the reader's lock is gone", async () => !(await isHeld(`run_${closed}`)));
  await lend(`run_${closed}`);
});

test("two maintenances take turns: one that lends while the other has not ended waits for it, or tries again", async () => {
  const other = new pg.Client(database.url("maintainer"));
  await other.connect();
  await other.query("begin");
  await other.query("select baton.lend_table($1)", [`run_${closed}`]);
  // On a machine that halts, for longer than it may.
  const lent = lend(`ending_${closed}`).then(
    () => "lent",
    (thrown: Error) => thrown.name,
  );
  await until(
    "it waits",
    async () =>
      (await database.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).length > 0,
  );
  await other.query("commit");
  await other.end();
  expect(["lent", "DatabaseBusyError"]).toContain(await lent);
});

test("a migration leaves a week with the maintenance that is lent to it, and works on all weeks", async () => {
  await lend(`run_${closed}`);
  await migrate({ url: database.ownerUrl, roles: true });
  expect(await ownerOf(`run_${closed}`)).toBe("baton_maintainer");
  await database.query(
    "set role baton_migrator; alter table baton.run add column more int; alter table baton.run drop column more; reset role",
  );
});

test("the owner himself needs nothing lent, as where everything was migrated without roles", async () => {
  await database.query("select baton.lend_table($1)", [`run_${closed}`]);
  expect(await ownerOf(`run_${closed}`)).toBe("baton_migrator");
});
