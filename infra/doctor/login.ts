import type pg from "pg";
import { withClientAsSet } from "../migrate/connection.ts";
import { defaultNames, groupsOf } from "../migrate/names.ts";

/** What a login finds where it is sent. */
export interface LoginFacts {
  readonly name: string;
  readonly superuser: boolean;
  /** It has the rights of the schema's owner, as a superuser has. */
  readonly owner: boolean;
  /** Of Baton's groups, those whose rights it has. */
  readonly groups: readonly string[];
  readonly isolation: string;
  readonly readOnly: boolean;
  readonly synchronousCommit: string;
  readonly fsync: string;
  /** Settings that are times, in milliseconds; 0: without end. */
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleTimeout: number;
  /** Milliseconds since 1970. */
  readonly clock: number;
  /** A pooler answers: the server's process is another one than the connection was told of. */
  readonly pooled: boolean;
}

const FACTS = `
  select current_user::text as name, rolsuper as superuser,
    exists (select from pg_catalog.pg_namespace as n where n.nspname = $2 and pg_catalog.pg_has_role(r.oid, n.nspowner, 'usage')) as owner,
    array(select g.rolname::text from pg_catalog.pg_roles as g where g.rolname ~ $1 and pg_catalog.pg_has_role(r.oid, g.oid, 'usage') order by 1) as groups,
    current_setting('default_transaction_isolation') as isolation,
    current_setting('default_transaction_read_only')::boolean or pg_catalog.pg_is_in_recovery() as "readOnly",
    current_setting('synchronous_commit') as "synchronousCommit", current_setting('fsync') as fsync,
    (select setting::int from pg_catalog.pg_settings where name = 'statement_timeout') as "statementTimeout",
    (select setting::int from pg_catalog.pg_settings where name = 'lock_timeout') as "lockTimeout",
    (select setting::int from pg_catalog.pg_settings where name = 'idle_in_transaction_session_timeout') as "idleTimeout",
    extract(epoch from pg_catalog.clock_timestamp())::float8 * 1000 as clock, pg_catalog.pg_backend_pid() as pid
  from pg_catalog.pg_roles as r where r.rolname = current_user`;

/** Logs in and looks; names: whose groups are meant. Throws what the driver throws. */
export function factsOf(url: string, names = defaultNames): Promise<LoginFacts> {
  return withClientAsSet(url, async (client) => {
    // A pooler that hands out statements refuses this.
    await client.query("begin");
    const { rows } = await client.query<LoginFacts & { pid: number }>(FACTS, [groupsOf(names), names.schema]);
    await client.query("rollback");
    const { pid, ...facts } = rows[0]!;
    return { ...facts, pooled: pid !== (client as pg.Client & { processID: number }).processID };
  });
}
