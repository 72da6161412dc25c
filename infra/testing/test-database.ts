import { createHash, randomBytes } from "node:crypto";
import type pg from "pg";
import { withClient } from "../migrate/connection.ts";
import { migrate } from "../migrate/index.ts";
import { readSqlFiles } from "../migrate/sql-files.ts";
import { CLOCK_SQL } from "./database-clock.ts";
import { TestServerRefusedError } from "./errors.ts";

/** A migrated database of one test's own. */
export interface TestDatabase {
  /** Its owner's. */
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** What one process knows of the templates of its servers. */
const templates = new Map<string, Promise<string>>();

/**
 * Makes a database as a copy of the server's template, which the first test there makes and all
 * later ones find. Throws TestServerRefusedError.
 */
export async function createTestDatabase(server: string): Promise<TestDatabase> {
  const template = await templateOf(server);
  const name = uniqueName("pgbaton_test");
  await asMaker(server, (client) => client.query(`create database ${name} template ${template}`));
  const drop = async () => void (await withClient(server, (client) => client.query(`drop database if exists ${name} with (force)`)));
  return { url: withDatabase(server, name), drop };
}

function templateOf(server: string): Promise<string> {
  const known = templates.get(server) ?? asMaker(server, (client) => findTemplate(client, server));
  templates.set(server, known);
  // The next test says itself why it cannot be made.
  known.catch(() => templates.delete(server));
  return known;
}

/**
 * One for each version of the SQL and each user, since only its owner may copy it. It gets its name
 * when it is whole, so that a kill leaves none half made.
 */
async function findTemplate(client: pg.Client, server: string): Promise<string> {
  const { functionsChecksum, migrations } = readSqlFiles();
  const parts = [functionsChecksum, ...migrations.map(({ checksum }) => checksum), CLOCK_SQL, client.user];
  const name = `pgbaton_template_${createHash("sha256").update(parts.join()).digest("hex").slice(0, 16)}`;
  // Who comes while it is made waits here.
  await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
  if (!(await databasesLike(client, name)).includes(name)) await makeTemplate(client, server, name);
  await client.query("select pg_advisory_unlock(hashtextextended($1, 0))", [name]);
  return name;
}

async function makeTemplate(client: pg.Client, server: string, name: string): Promise<void> {
  for (const half of await databasesLike(client, `${name}_`)) await client.query(`drop database ${half} with (force)`);
  const half = uniqueName(name);
  await client.query(`create database ${half}`);
  await migrate({ url: withDatabase(server, half), roles: false });
  await withClient(withDatabase(server, half), (owner) => owner.query(CLOCK_SQL));
  await client.query(`alter database ${half} rename to ${name}`);
}

async function databasesLike(client: pg.Client, prefix: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("select datname as name from pg_database where starts_with(datname, $1)", [prefix]);
  return rows.map(({ name }) => name);
}

/** SQLSTATE insufficient_privilege. */
const REFUSED = "42501";

async function asMaker<Result>(server: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  return withClient(server, async (client) => {
    try {
      return await work(client);
    } catch (cause) {
      if ((cause as { code?: string }).code !== REFUSED) throw cause;
      throw new TestServerRefusedError(client.user ?? "", { cause });
    }
  });
}

/** A name that no other test uses, also on a shared server. */
function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString("hex")}`;
}

function withDatabase(server: string, name: string): string {
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}
