import type { Deployment } from "./turn.ts";

/** Other schemas of this database whose functions belong to the same group roles. */
const SHARERS = `
  select distinct n.nspname as schema from pg_catalog.pg_proc as p
  join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
  join pg_catalog.pg_roles as r on r.oid = p.proowner
  where r.rolname = 'baton_engine' and n.nspname <> $1
  order by n.nspname`;

/**
 * Says which other schema of this database has the same group roles: no right parts the two, and a
 * poller of one may claim the runs of the other.
 */
export async function tellOfTheSharers({ send, names, log }: Deployment): Promise<void> {
  const { schema, prefix } = names;
  const { rows } = await send<{ schema: string }>(SHARERS, [schema]);
  if (rows.length === 0) return;
  const others = rows.map((row) => row.schema).join(", ");
  log(
    `The schema ${schema} has the group roles of ${others}, ${prefix}_poller and so on: a login of one may do the same in the other. ` +
      "Give each service a name of its own before its schema is made: --service <name>, or service in serverless.yml.",
  );
}
