import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { seededRandom } from "../support/random.ts";
import { dumpRows, shuffle } from "../support/recorded.ts";
import { portOf } from "../support/session-port.ts";
import { liveYear, mondayOf, momentsOf, WEEK_MS } from "../support/simulated-year.ts";
import { rulesOf, type ZoneRule } from "../support/zones.ts";

/** `npm run test:long` lives in each rule, and in those of 2011, when Samoa had no 30 December. */
const long = process.env["BATON_TEST_LONG"] === "1";
const { random, seed } = seededRandom();
/**
 * A run whose poller crashes each time is failed as poison; the keys of done ones are used again
 * after days.
 */
const FATES = ["crashed failed", "delayed done", "done done", "retried done", "slept done"].map((line) => {
  const [kind, fate] = line.split(" ");
  return { kind, fate };
});
const WAYS = ["session", "login", "database"] as const;
type Way = (typeof WAYS)[number];

/**
 * All rows, and the week of each, as a session sees them that is in UTC whatever the database says.
 */
async function rowsIn(database: TestDatabase) {
  const session = new pg.Pool({ connectionString: database.ownerUrl, max: 1, options: "-c timezone=UTC" });
  // The database is dropped while the server still says farewell to it.
  session.on("error", () => undefined).on("connect", (client) => void client.on("error", () => undefined));
  const query = async (text: string) => (await session.query(text)).rows;
  const dumped = await dumpRows({ query } as unknown as TestDatabase);
  // How far the rollup is depends on the numbers of transactions, and on who else has one open.
  const rows = Object.fromEntries(Object.entries(dumped).filter(([name]) => !name.startsWith("baton.roll")));
  const placed = await query(
    ["run", "checkpoint", "failure", "ending"]
      .map((table) => `select tableoid::regclass::text as place, ${table === "run" ? "id" : "run_id"} as id from baton.${table}`)
      .join(" union all "),
  );
  const weeks = await query(
    "select oid::regclass::text as name, pg_get_expr(relpartbound, oid) as bounds from pg_class where relispartition and relkind = 'r' order by 1",
  );
  // What came in the last four weeks may still be open.
  const fates = await query(
    `select distinct input ->> 'kind' as kind, coalesce(status, 'open') as fate
     from baton.run as r left join baton.ending as e on e.run_id = r.id
     where created_at < (select max(created_at) from baton.run) - interval '672 hours' order by 1, 2`,
  );
  await session.end();
  return { rows, weeks, fates, placed: placed as { place: string; id: string }[] };
}

/** The year of a database whose session, login or default is in a zone. */
async function yearIn(zone: string, way: Way, moments: readonly Date[]) {
  await using database = await createTestDatabase();
  const owner = way === "login" ? `role postgres in database ${database.name}` : `database ${database.name}`;
  if (way !== "session") await database.query(`alter ${owner} set timezone = ${pg.escapeLiteral(zone)}`);
  const session = new pg.Client({ connectionString: database.ownerUrl }).on("error", () => undefined);
  await session.connect();
  if (way === "session") await session.query(`set timezone = ${pg.escapeLiteral(zone)}`);
  expect((await session.query("show timezone")).rows).toEqual([{ TimeZone: zone }]);
  const answers = await liveYear(portOf(session), database, moments);
  await session.end();
  await database.assertInvariants();
  return { answers, ...(await rowsIn(database)) };
}

const weekOf = (id: string): string => {
  const monday = mondayOf(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16));
  return new Date(monday).toISOString().slice(0, 10).replaceAll("-", "");
};

async function chosenRules(year: number): Promise<ZoneRule[]> {
  await using database = await createTestDatabase();
  const rules = await rulesOf(database.query, year);
  // Fewer would mean that the search for them is broken.
  expect(rules.length).toBeGreaterThan(20);
  return long ? rules : shuffle(rules, random).slice(0, Math.ceil(rules.length / 10));
}

for (const year of long ? [2027, 2011] : [2027]) {
  const rules = await chosenRules(year);
  const moments = momentsOf(
    year,
    rules.flatMap(({ changes }) => changes),
  );
  console.log(`seed ${seed}: ${year} in ${rules.map(({ zone }) => zone).join(", ")} at ${moments.length} moments`);
  let utc: Awaited<ReturnType<typeof yearIn>>;
  test(`in UTC each row of ${year} is in the partition of its week`, async () => {
    utc = await yearIn("UTC", "database", moments);
    expect(utc.placed.length).toBeGreaterThan(moments.length * 10);
    for (const { place, id } of utc.placed) expect(place).toMatch(new RegExp(`^baton\\.(run|checkpoint|failure|ending)_${weekOf(id)}$`));
    expect(utc.fates).toEqual(FATES);
    expect(utc.weeks.length).toBeGreaterThanOrEqual(4 * Math.floor((365 * 86_400_000) / WEEK_MS));
  });

  test.each(rules.map(({ zone, names }, n) => ({ zone, names, way: WAYS[n % WAYS.length]! })))(
    `${year} in $zone by $way, one rule of $names zones, answers, stores and makes what UTC does`,
    async ({ zone, way }) => {
      expect(await yearIn(zone, way, moments)).toEqual(utc);
    },
  );
}
