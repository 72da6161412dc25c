import pg from "pg";
import type { Deployment } from "./turn.ts";

/** Logins that may connect here and claim; superusers may do anything everywhere. */
const POLLERS = `
  select r.rolname as name from pg_catalog.pg_roles as r
  where r.rolcanlogin and not r.rolsuper and pg_catalog.pg_has_role(r.oid, 'baton_poller', 'usage')
    and not pg_catalog.pg_has_role(r.oid, 'baton_migrator', 'member')
    and pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
  order by r.rolname collate "C"`;

/**
 * Says which logins may claim runs here. Roles belong to the whole server, and everybody may
 * connect to every database of it unless somebody says otherwise: so the poller of another stage
 * may work this one's runs, with its own code.
 */
export async function tellOfThePollers({ client, send, log }: Deployment): Promise<void> {
  const { rows } = await send<{ name: string }>(POLLERS);
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(", ");
  log(`logins that may claim runs in this database: ${names}`);
  if (rows.length > 1) log(await advice(client));
}

async function advice(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ name: string }>("select current_database() as name");
  const database = pg.escapeIdentifier(rows[0]!.name);
  return `If one of them is another stage's, keep it out: revoke connect on database ${database} from public; grant connect on database ${database} to the logins of this stage.`;
}
