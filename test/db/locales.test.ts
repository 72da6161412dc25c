import pg from "pg";
import { afterAll, expect, inject, test } from "vitest";
import { connect } from "../../shared/db/connect.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { migrate } from "../../infra/migrate.ts";
import { createClock } from "../support/clock.ts";
import { uniqueName, withDatabase } from "../support/cluster.ts";
import { assertInvariants } from "../support/invariants.ts";
import { liveAsStrangers, STRANGERS } from "../support/strangers.ts";
import { liveTenLives } from "../support/ten-lives.ts";

const START = new Date("2027-10-30T22:00:00Z");
const { adminUrl } = inject("testServer");
const made: string[] = [];
afterAll(() =>
  withClient(adminUrl, async (client) => {
    for (const name of made) await client.query(`drop database ${name} with (force)`);
  }),
);

async function databaseOf(options: string): Promise<string> {
  const name = uniqueName("locale");
  await withClient(adminUrl, (client) => client.query(`create database ${name} template template0 encoding 'UTF8' ${options}`));
  made.push(name);
  const url = withDatabase(adminUrl, name);
  await migrate({ url, roles: true });
  return url;
}

/** What becomes of ten runs, and of the texts that collations confuse, in a database of its own. */
async function livesIn(options: string, proof = "true") {
  const url = await databaseOf(options);
  await using database = connect({ url, driver: "pg" });
  const owner = new pg.Pool({ connectionString: url, max: 1 });
  const query = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => (await owner.query<Row>(text, values)).rows;
  // What sql nodes write to may have any collation: the user's own table is the one place where it
  // says what is alike.
  await query("create collation public.alike (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
  await query("create table public.effect (run text collate alike unique)");
  expect(await query(`select ${proof} as differs`)).toEqual([{ differs: true }]);
  const strangers = await liveAsStrangers(database);
  await query(
    "truncate baton.run, baton.checkpoint, baton.failure, baton.ending, baton.ready, baton.lease, baton.blocked, baton.dedup, baton.redrive",
  );
  const lives = await liveTenLives(database, createClock(query), START);
  await assertInvariants(query);
  await owner.end();
  return { strangers, lives };
}

const ordinary = await livesIn("locale 'C'", `'a' < 'b' and 'Z' < 'a'`);

/** Each with a comparison that holds there and not by bytes. */
const LOCALES: [options: string, proof: string][] = [
  ["locale_provider icu icu_locale 'tr-TR' locale 'C'", "upper('i') = 'İ' and lower('I') = 'ı'"],
  ["locale_provider icu icu_locale 'en-US-u-kn-true' locale 'C'", "'a9' < 'a10'"],
  ["locale_provider icu icu_locale 'sv-SE' locale 'C'", "'z' < 'ä' and 'a' < 'B'"],
  ["locale_provider icu icu_locale 'de-u-co-phonebk' locale 'C'", "'ad' < 'ä' and 'ä' < 'af'"],
  ["locale_provider icu icu_locale 'ja' locale 'C'", "'a' < 'B'"],
  // Alike by the locale, and apart all the same: what a database compares by is always
  // deterministic, up to PostgreSQL 18.
  ["locale_provider icu icu_locale 'und-u-ks-level1-ka-shifted' locale 'C'", "'a' < 'B' and 'co-op' <> 'coop' and 'é' <> 'e'"],
  ["locale 'C.UTF-8'", "upper('ä') = 'Ä'"],
];

test("the texts are apart by bytes", () => {
  expect(ordinary.strangers).toEqual({
    listed: STRANGERS.map((_, n) => [n]),
    unblocked: STRANGERS.map((_, n) => [n]),
    keys: [STRANGERS.length],
    again: [true],
    nodes: STRANGERS.map((_, n) => n),
  });
});

test.each(LOCALES)("in a database with %s ten runs live as without, and no text is taken for another", async (options, proof) => {
  expect(await livesIn(options, proof)).toEqual(ordinary);
});

test("no column and no index of the engine has a collation that is not deterministic, and no call takes one from its caller", async () => {
  const url = await databaseOf("locale_provider icu icu_locale 'en' locale 'C'");
  await withClient(url, async (client) => {
    const { rows: collations } = await client.query(
      `select distinct l.collname, l.collisdeterministic from pg_attribute as a
         join pg_class as c on c.oid = a.attrelid join pg_collation as l on l.oid = a.attcollation
       where c.relnamespace = 'baton'::regnamespace and a.attnum > 0 order by 1`,
    );
    expect(collations).toEqual([
      { collname: "C", collisdeterministic: true },
      { collname: "default", collisdeterministic: true },
    ]);
    const { rows: taking } = await client.query(
      `select p.proname from pg_proc as p
       where p.pronamespace = 'baton'::regnamespace and exists (select from unnest(p.proargtypes) as t (id) join pg_type on pg_type.oid = t.id where typcollation <> 0)
         and exists (select from unnest('{baton_producer,baton_poller,baton_reader,baton_operator}'::text[]) as r (name) where has_function_privilege(r.name, p.oid, 'execute'))`,
    );
    // The one is for views, whose texts have the collation of the database; the other takes
    // current_user, and says which role is its own.
    expect(taking).toEqual([{ proname: "fingerprint" }, { proname: "prove_round" }]);
    // The day on which a database can, this test is to be one of LOCALES.
    await expect(
      client.query(
        "create database alike template template0 locale_provider icu icu_locale 'und-u-ks-level1' locale 'C' deterministic false",
      ),
    ).rejects.toThrow(/deterministic/);
  });
});
