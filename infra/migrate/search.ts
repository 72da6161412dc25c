import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { rename } from "./names.ts";
import { inTurn, locked, repeatInTheWay, type Deployment } from "./turn.ts";
import { SearchRefusedError } from "./errors.ts";

/** Whom the schema of pg_trgm must be open to: who builds the indexes, and who searches. */
const USERS = ["baton_migrator", "baton_engine"];

/** What is searched in; `sql/functions/search_week.sql` asks by the same expressions. */
const INDEXES = [
  { table: "failure", expression: "(left(error ->> 'message', 1000))" },
  { table: "attribute", expression: "(baton.attribute_text(attributes))" },
];

/** Whether somebody has asked for search here before; then every migration keeps it whole. */
export async function hasSearch({ send }: Deployment): Promise<boolean> {
  return (await send("select from baton.migration where name = 'search'")).rows.length > 0;
}

/**
 * Makes what search needs: the extension, as the deploying user, and the indexes, week by week and
 * CONCURRENTLY, so that nobody waits. Safe to run twice, from several places at once, and again
 * after it was killed: an index whose build did not end is built anew.
 */
export async function applySearch(deployment: Deployment): Promise<void> {
  const schema = await locked(deployment, () => ensureExtension(deployment));
  await inTurn(deployment, async () => {
    const text = "insert into baton.migration (name, checksum) values ('search', '') on conflict (name) do nothing";
    await deployment.send(text);
  });
  let built = 0;
  for (const { table, expression } of INDEXES) {
    const using = `using gin (${expression} ${pg.escapeIdentifier(schema)}.gin_trgm_ops)`;
    // Weeks that are made from now on have it too.
    await inTurn(deployment, async () => {
      await deployment.send(`create index if not exists ${table}_search on only baton.${table} ${using}`);
    });
    for (const week of await weeksWithout(deployment, table)) {
      if (await repeatInTheWay(() => buildIndex(deployment, table, week, using))) built++;
    }
  }
  if (built > 0) deployment.log(`built ${built} search indexes`);
}

/** Returns the schema that the extension is in. */
async function ensureExtension({ client, names, roles }: Deployment): Promise<string> {
  const users = USERS.map((user) => rename(user, names));
  try {
    await client.query("create extension if not exists pg_trgm");
    const { rows } = await client.query<{ schema: string }>(
      "select nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'pg_trgm'",
    );
    const { schema } = rows[0]!;
    for (const user of roles ? users : []) await openTo(client, schema, user);
    return schema;
  } catch (error) {
    throw error instanceof pg.DatabaseError ? new SearchRefusedError(error, users) : error;
  }
}

async function openTo(client: pg.ClientBase, schema: string, user: string): Promise<void> {
  const { rows } = await client.query<{ open: boolean }>("select has_schema_privilege($1, $2, 'usage') as open", [user, schema]);
  if (!rows[0]!.open) await client.query(`grant usage on schema ${pg.escapeIdentifier(schema)} to ${user}`);
}

/** Partitions of a table whose search index is not there, or not whole. */
async function weeksWithout({ client, names }: Deployment, table: string): Promise<string[]> {
  const { rows } = await client.query<{ week: string }>(
    `select c.relname as week from pg_inherits h join pg_class c on c.oid = h.inhrelid
     where h.inhparent = $1::regclass and not exists (
       select from pg_index i join pg_inherits a on a.inhrelid = i.indexrelid
       where i.indrelid = c.oid and i.indisvalid and a.inhparent = $2::regclass)
     order by 1`,
    [table, `${table}_search`].map((name) => rename(`baton.${name}`, names)),
  );
  return rows.map(({ week }) => week);
}

/**
 * Outside of a transaction, so step by step; what a killed build left is dropped first. Returns
 * whether it built one.
 */
async function buildIndex(deployment: Deployment, table: string, week: string, using: string): Promise<boolean> {
  const { send, roles } = deployment;
  const name = `${week}_search`;
  await untilNobodyBuilds(deployment, week);
  const isWhole = await inTurn(deployment, () => dropUnlessWhole(deployment, week, name));
  if (!isWhole) {
    if (roles) await send("set role baton_migrator");
    await send(`create index concurrently ${name} on baton.${week} ${using}`);
    await send("reset role");
  }
  await inTurn(deployment, async () => {
    await send(`alter index baton.${table}_search attach partition baton.${name}`);
  });
  return !isWhole;
}

/**
 * Returns whether the index is whole. Under the lock of a build, nobody else is at it; but Postgres
 * gives that lock up a moment before the index counts, so rarely one that is whole is built anew.
 */
async function dropUnlessWhole({ client, send, names }: Deployment, week: string, name: string): Promise<boolean> {
  await send(`lock table baton.${week} in share update exclusive mode`);
  const { rows } = await client.query<{ whole: boolean }>("select indisvalid as whole from pg_index where indexrelid = to_regclass($1)", [
    rename(`baton.${name}`, names),
  ]);
  if (rows[0]?.whole === false) await send(`drop index baton.${name}`);
  return rows[0]?.whole === true;
}

/**
 * Asks again and again: a session that waited for the lock would have a snapshot, for whose end the
 * build waits.
 */
async function untilNobodyBuilds({ client, names }: Deployment, week: string): Promise<void> {
  const text = `select from pg_locks where relation = $1::regclass and mode = 'ShareUpdateExclusiveLock' and granted and pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())`;
  while ((await client.query(text, [rename(`baton.${week}`, names)])).rows.length > 0) await pause(200);
}
