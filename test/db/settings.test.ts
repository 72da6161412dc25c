import pg from "pg";
import { afterAll, expect, test } from "vitest";
import type { Database } from "../../shared/db/database.ts";
import { createClock } from "../support/clock.ts";
import { createTestDatabase } from "../support/database.ts";
import { emptied } from "../support/engine-calls.ts";
import { assertInvariants } from "../support/invariants.ts";
import { HOSTILE, type Setting, SETTINGS } from "../support/settings.ts";
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

/** One session as the port that the engine speaks through. */
function portOf(session: pg.Client): Database {
  return {
    query: async (text: string, values: readonly unknown[]) => (await session.query(text, [...values])).rows,
    transaction: async (statements: readonly { text: string; values?: readonly unknown[] }[]) => {
      await session.query("begin");
      const rows: unknown[] = [];
      for (const { text, values } of statements) rows.push((await session.query(text, [...(values ?? [])])).rows);
      await session.query("commit");
      return rows;
    },
    [Symbol.asyncDispose]: () => session.end(),
  } as unknown as Database;
}

/** The ten lives in a session of its own, after some statements of it. */
async function livesOf(statements: readonly string[]): Promise<Record<string, unknown>> {
  const session = new pg.Client({ connectionString: database.ownerUrl });
  await session.connect();
  try {
    for (const statement of statements) await session.query(statement);
    return await liveTenLives(portOf(session), clock, START);
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

for (const setting of SETTINGS) {
  const [name, value, refusal] = setting;
  const outcome = refusal === undefined ? "ten runs live as without" : "a call is refused with a sentence";
  test(`with ${name} = ${value} by session, login or database ${outcome}`, async (context) => {
    const known = await query("select context from pg_settings where lower(name) = $1", [name.toLowerCase()]);
    if (known.length === 0 && !name.includes(".")) context.skip("this Postgres does not know it");
    await expectSame(setting, livesOf([`set ${quoted(setting)}`]));
    for (const owner of ["database " + database.name, "role postgres in database " + database.name]) {
      await query(`alter ${owner} set ${quoted(setting)}`);
      try {
        await expectSame(setting, livesOf([]));
      } finally {
        await query(`alter ${owner} reset ${name}`);
      }
    }
  });
}
