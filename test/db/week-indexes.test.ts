import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Database } from "../../shared/db/database.ts";
import { buildIndexes, missingIndexes } from "../../shared/db/week-indexes.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

const forever = () => 60_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await database.setNow(new Date("2031-03-05T12:00:00Z")); // A Wednesday.
  await database.query("select baton.ensure_partitions(), baton.make_partitions(baton.now() - interval '3 weeks', baton.now(), false)");
});
afterEach(() => database[Symbol.asyncDispose]());

const indexes = () =>
  database.query<{ name: string; valid: boolean }>(
    `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     where c.relnamespace = 'baton'::regnamespace and c.relname ~ '_\\d{8}_(workflow|version|at|error|node)$' order by 1`,
  );
const names = async () => (await indexes()).map(({ name }) => name);
const ofWeek = (week: string) => [
  `ending_${week}_at`,
  `ending_${week}_error`,
  `failure_${week}_node`,
  `run_${week}_version`,
  `run_${week}_workflow`,
];

test("a week gets its indexes once it is over and no enqueue can add to it, and neither this week nor one ahead", async () => {
  await buildIndexes(database.database, forever);
  const closed = ["20310210", "20310217", "20310224"];
  expect(await names()).toEqual(closed.flatMap(ofWeek).toSorted());
  // The week of 3 March ends at 10 March, and takes ids for 24 hours more.
  await database.setNow(new Date("2031-03-10T23:59:59Z"));
  expect(await missingIndexes(database.database)).toEqual([]);
  await database.setNow(new Date("2031-03-11T00:00:00Z"));
  expect((await missingIndexes(database.database)).map(({ name }) => name).toSorted()).toEqual(ofWeek("20310303"));
  await expect(database.query("select baton.enqueue($1)", [request("2031-03-09T23:59:59Z")])).rejects.toMatchObject({ code: "BT010" });
});

function request(made: string): string {
  const time = Date.parse(made).toString(16).padStart(12, "0");
  const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
  return JSON.stringify({ runs: [{ id, workflow: "w", version: 1, priority: 2, input: {} }] });
}

for (const driver of ["neon", "pg"] as const) {
  test(`they are built one statement at a time, the newest week first, and what is built stays, through ${driver}`, async () => {
    const owner = database.connect("owner", driver);
    const sent: string[] = [];
    const counted: Database = { ...owner, query: (text, ...rest) => (sent.push(text), owner.query(text, ...rest)) };
    let asked = 0;
    expect(await buildIndexes(counted, () => (++asked === 1 ? 60_000 : 0))).toEqual({ built: ["run_20310224_workflow"], left: 14 });
    expect(sent.map((text) => text.split(" ").slice(0, 7).join(" "))).toEqual([
      "select baton.missing_indexes() as missing",
      "create index concurrently if not exists run_20310224_workflow",
    ]);
    expect(await names()).toEqual(["run_20310224_workflow"]);
    expect((await buildIndexes(owner, forever)).built).toHaveLength(14);
    expect(await buildIndexes(owner, forever)).toEqual({ built: [], left: 0 });
  });
}

test("an index that a build left unfinished is no index to a list, is dropped and built again", async () => {
  await buildIndexes(database.database, forever);
  await database.query("update pg_index set indisvalid = false where indexrelid = 'baton.run_20310224_workflow'::regclass");
  expect(await database.query("select baton.is_week_indexed('20310224') as is, baton.is_week_indexed('20310217') as was")).toEqual([
    { is: false, was: true },
  ]);
  const before = await database.query("select oid from pg_class where relname = 'run_20310224_workflow'");
  expect(await buildIndexes(database.database, forever)).toEqual({ built: ["run_20310224_workflow"], left: 0 });
  expect(await database.query("select oid from pg_class where relname = 'run_20310224_workflow'")).not.toEqual(before);
  expect(await database.query("select baton.is_week_indexed('20310224') as is")).toEqual([{ is: true }]);
});

test("a build that is killed is done again; while it goes on, nobody drops what it builds, and enqueues and endings do not wait", async () => {
  await using blocker = await session();
  await using builder = await session();
  // A build waits for whoever wrote to the table before it.
  await blocker.query("begin");
  await blocker.query("insert into baton.run values ($1, 'w', 1, 2, '{}', now(), now())", [
    JSON.parse(request("2031-02-25T00:00:00Z")).runs[0].id,
  ]);
  const [{ name, statements } = { name: "", statements: [] }] = await missingIndexes(database.database);
  const build = builder.query(statements[0]!).then(
    () => "built",
    ({ code }: { code: string }) => code,
  );
  await until("it waits", async () => (await indexes()).length === 1);
  expect(await indexes()).toEqual([{ name, valid: false }]);
  expect((await missingIndexes(database.database)).map((index) => index.name)).not.toContain(name);
  await database.query("insert into baton.ending values ($1, 'done', null, now())", [
    JSON.parse(request("2031-02-26T00:00:00Z")).runs[0].id,
  ]);
  await database.query("select pg_terminate_backend($1)", [builder.pid]);
  expect(await build).toBe("57P01");
  await blocker.query("rollback");
  const [again] = await missingIndexes(database.database);
  expect(again).toMatchObject({
    name,
    statements: [expect.stringContaining(`drop index concurrently if exists baton.${name}`), statements[0]],
  });
  await buildIndexes(database.database, forever);
  expect((await indexes()).every(({ valid }) => valid)).toBe(true);
});

async function session() {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  client.on("error", () => undefined);
  await client.connect();
  const { rows } = await client.query("select pg_backend_pid() as pid");
  return {
    pid: rows[0].pid as number,
    query: (text: string, values?: unknown[]) => client.query(text, values),
    [Symbol.asyncDispose]: () => client.end().catch(() => undefined),
  };
}

test("a name of an error of any length can end a run of a closed week", async () => {
  await buildIndexes(database.database, forever);
  const noise = Array.from({ length: 20_000 }, (_, n) => String.fromCharCode(0x4e00 + ((n * 7919) % 20_000))).join("");
  const { id } = JSON.parse(request("2031-02-26T00:00:00Z")).runs[0] as { id: string };
  await database.query("insert into baton.run values ($1, 'w', 1, 2, '{}', now(), now())", [id]);
  await database.query("insert into baton.ending values ($1, 'failed', $2, baton.now())", [
    id,
    JSON.stringify({ name: noise, message: "m" }),
  ]);
  const listed = await database.query("select baton.list_runs($1) as runs", [
    JSON.stringify({ limit: 2, error_name: noise.slice(0, 200) }),
  ]);
  expect(listed).toMatchObject([{ runs: [{ id }] }]);
});
