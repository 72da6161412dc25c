import type pg from "pg";
import type { Deployment, Send } from "./turn.ts";

/** What pg_partman is to a table in this database. */
export interface Partman {
  /** Installed in the database; null: it is not. */
  readonly version: string | null;
  /** Its schema, quoted; null where it is not installed. */
  readonly schema: string | null;
  /** The server has it for `create extension`. */
  readonly available: boolean;
  /** Of a version that is known here, with all rights that are needed. */
  readonly usable: boolean;
  /** It keeps the table already. */
  readonly handed: boolean;
  /** Who would use it, quoted. */
  readonly user: string;
}

const FOUND = `
  select e.extversion as version, quote_ident(n.nspname) as schema, quote_ident(current_user) as user,
    exists (select from pg_available_extensions where name = 'pg_partman') as available,
    coalesce(has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create'), false) as reachable
  from (values (1)) as one (row)
  left join pg_extension as e on e.extname = 'pg_partman'
  left join pg_namespace as n on n.oid = e.extnamespace`;

type Found = Pick<Partman, "version" | "schema" | "available" | "user"> & { readonly reachable: boolean };

export async function findPartman(client: pg.ClientBase, table: string): Promise<Partman> {
  const { reachable, ...found } = (await client.query<Found>(FOUND)).rows[0]!;
  const known = /^[45]\./.test(found.version ?? "");
  if (!known || !reachable || !(await mayConfigure(client, found.schema!))) return { ...found, usable: false, handed: false };
  const { rowCount } = await client.query(`select from ${found.schema}.part_config where parent_table = $1`, [table]);
  return { ...found, usable: true, handed: rowCount === 1 };
}

async function mayConfigure(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `select bool_and(has_table_privilege(t.name, r.needed)) as may
     from unnest($1::text[]) as t (name), unnest(array['select', 'insert', 'update', 'delete']) as r (needed)`,
    [[`${schema}.part_config`, `${schema}.part_config_sub`]],
  );
  return rows[0]!.may;
}

/**
 * Hands a table over: its partitions stay, with their names, and get no default partition.
 *
 * pg_partman's own maintenance leaves it alone, in whatever zone it runs: `keep_months` asks for
 * what is to be done.
 */
export async function handOver({ send }: Deployment, { version, schema }: Partman, table: string): Promise<void> {
  await send("set local timezone = 'UTC'");
  await (version!.startsWith("4.") ? createParent4(send, schema!, table) : createParent5(send, schema!, table));
  await send(
    `update ${schema}.part_config set retention = '12 months', retention_keep_table = false, infinite_time_partitions = true,
       datetime_string = 'YYYYMMDD' where parent_table = $1`,
    [table],
  );
}

const START = "date_trunc('month', baton.now())::text";

function createParent5(send: Send, schema: string, table: string): Promise<unknown> {
  return send(
    `select ${schema}.create_parent(p_parent_table => $1, p_control => 'at', p_interval => '1 month', p_premake => 3,
       p_start_partition => ${START}, p_default_table => false, p_automatic_maintenance => 'off', p_template_table => 'false', p_jobmon => false)`,
    [table],
  );
}

/**
 * 4.x names months by `YYYY_MM` and makes a default partition: ours are called so meanwhile, or it
 * would make them again.
 */
async function createParent4(send: Send, schema: string, table: string): Promise<void> {
  await renameParts(send, table, "_p(\\d{4})(\\d\\d)01$", "_p\\1_\\2");
  await send(
    `select ${schema}.create_parent(p_parent_table => $1, p_control => 'at', p_type => 'native', p_interval => '1 month', p_premake => 3,
       p_start_partition => ${START}, p_automatic_maintenance => 'off', p_jobmon => false)`,
    [table],
  );
  await send(`drop table if exists ${table}_default`);
  await renameParts(send, table, "_p(\\d{4})_(\\d\\d)$", "_p\\1\\201");
}

/** Renames the partitions whose names fit. */
async function renameParts(send: Send, table: string, from: string, to: string): Promise<void> {
  const { rows } = await send<{ statement: string }>(
    `select format('alter table %s rename to %I', c.oid::regclass, regexp_replace(c.relname, $2, $3)) as statement
     from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = $1::regclass and c.relname ~ $2`,
    [table, from, to],
  );
  for (const { statement } of rows) await send(statement);
}

/** What to do so that pg_partman keeps a table, as the end of a sentence; empty: there is none. */
export function howToUse({ version, schema, available, user }: Partman): string {
  const grants = (of: string) =>
    `grant all on schema ${of} to ${user}; grant all on all tables in schema ${of} to ${user}; grant execute on all routines in schema ${of} to ${user};`;
  const again = "and migrate again";
  if (version !== null && !/^[45]\./.test(version)) return `: pg_partman ${version} is none of those that it knows, 4.x and 5.x`;
  if (version !== null) return `. To let pg_partman ${version} do it: ${grants(schema!)} ${again}`;
  if (!available) return "";
  return `. To let pg_partman do it: create schema partman; create extension pg_partman schema partman; ${grants("partman")} ${again}`;
}
