import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { createClock } from "../support/clock.ts";
import { createTestDatabase } from "../support/database.ts";
import { emptied } from "../support/engine-calls.ts";
import { assertInvariants } from "../support/invariants.ts";
import { seededRandom } from "../support/random.ts";
import { portOf } from "../support/session-port.ts";
import { HOSTILE, KNOWN, type Setting, SETTINGS } from "../support/settings.ts";
import { liveTenLives } from "../support/ten-lives.ts";

const START = new Date("2027-10-30T22:00:00Z");

const database = await createTestDatabase();
// It connects before any setting, and so sees none.
const keeper = new pg.Client({ connectionString: database.ownerUrl });
await keeper.connect();
afterAll(() => keeper.end());
const query = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => (await keeper.query<Row>(text, values)).rows;
const clock = createClock(query);
await query(HOSTILE);
await query("create table public.effect (run text)");
const ordinary = await livesOf([]);
// Loaded, a language tells its settings.
await query("load 'plpgsql'");
const names = new Set((await query<{ name: string }>("select lower(name) as name from pg_settings")).map(({ name }) => name));
const known = SETTINGS.filter(([name]) => names.has(name.toLowerCase()));

/** The ten lives in a session of its own, after some statements of it. */
async function livesOf(statements: readonly string[], times?: number): Promise<Record<string, unknown>> {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  try {
    for (const statement of statements) await session.query(statement);
    return await liveTenLives(portOf(session), clock, START, times);
  } finally {
    await session.end();
    await assertInvariants(query);
    await emptied({ query } as never);
  }
}

const quoted = ([name, value]: Setting) =>
  `${name} = ${name === "search_path" && value !== "" ? value : name === "datestyle" ? value : pg.escapeLiteral(value)}`;

async function expectSame(setting: Setting, lives: Promise<unknown>): Promise<void> {
  const refusal = setting[2];
  if (refusal === undefined) expect(await lives).toEqual(ordinary);
  else await expect(lives).rejects.toThrow(refusal);
}

test("this version of Postgres knows as many of the settings as are tried", async () => {
  const [{ major }] = (await query("select current_setting('server_version_num')::integer / 10000 as major")) as [{ major: number }];
  expect(known).toHaveLength(KNOWN[major]!);
});

const WAYS = ["session", "login", "database"] as const;
type Way = (typeof WAYS)[number];

/** `npm run test:long` sets each in all ways; otherwise the seed chooses one. */
const { random, seed } = seededRandom();
console.log(`BATON_SEED=${seed}`);
const waysOf = (): readonly Way[] => (process.env["BATON_TEST_LONG"] === "1" ? WAYS : [WAYS[Math.floor(random() * WAYS.length)]!]);

async function expectSameBy(way: Way, setting: Setting): Promise<void> {
  if (way === "session") return expectSame(setting, livesOf([`set ${quoted(setting)}`]));
  const owner = way === "login" ? `role postgres in database ${database.name}` : `database ${database.name}`;
  await query(`alter ${owner} set ${quoted(setting)}`);
  try {
    await expectSame(setting, livesOf([]));
  } finally {
    await query(`alter ${owner} reset ${setting[0]}`);
  }
}

for (const setting of known) {
  const [name, value, refusal] = setting;
  const outcome = refusal === undefined ? "ten runs live as without" : "a call is refused with a sentence";
  for (const way of waysOf()) test(`with ${name} = ${value} by ${way} ${outcome}`, () => expectSameBy(way, setting));
}

const STORAGE = ["ready", "lease", "blocked", "dedup", "control", "redrive"];

test("with autovacuum off for each table ten runs live as without", async () => {
  const partitions = await query<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relnamespace = 'baton'::regnamespace and relkind = 'r' and relispartition",
  );
  const tables = [...STORAGE.map((table) => `baton.${table}`), ...partitions.map(({ name }) => name)];
  for (const table of tables) await query(`alter table ${table} set (autovacuum_enabled = off, toast.autovacuum_enabled = off)`);
  expect(await livesOf([])).toEqual(ordinary);
  for (const table of tables) await query(`alter table ${table} reset (autovacuum_enabled, toast.autovacuum_enabled)`);
});

/** Of the worst, what calls work under. */
const WORST = [
  "timezone = 'Europe/Berlin'",
  "search_path = hostile, pg_catalog",
  "datestyle = German",
  "intervalstyle = sql_standard",
  "extra_float_digits = -15",
  "plpgsql.variable_conflict = use_column",
  "standard_conforming_strings = off",
  "transform_null_equals = on",
  "enable_indexscan = off",
  "enable_indexonlyscan = off",
  "plan_cache_mode = force_generic_plan",
  "jit_above_cost = 0",
  "work_mem = '64kB'",
  "synchronous_commit = off",
  "session_replication_role = replica",
];

test("three hundred runs in one batch live under all of the worst settings at once as without", async () => {
  const without = await livesOf([], 30);
  expect(Object.keys(without)).toHaveLength(304);
  expect(
    await livesOf(
      WORST.map((setting) => `set ${setting}`),
      30,
    ),
  ).toEqual(without);
  for (const setting of WORST) await query(`alter database ${database.name} set ${setting}`);
  expect(await livesOf([], 30)).toEqual(without);
  for (const setting of WORST) await query(`alter database ${database.name} reset ${setting.split(" ")[0]}`);
});

test("under these and SERIALIZABLE the first call of three hundred runs says what to set, and nothing is stored", async () => {
  const settings = [...WORST, "default_transaction_isolation = serializable"].map((setting) => `set ${setting}`);
  await expect(livesOf(settings, 30)).rejects.toMatchObject({ code: "BT020", hint: expect.stringContaining("'read committed'") });
  expect(await query("select from baton.run")).toEqual([]);
});
