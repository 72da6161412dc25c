import { rename } from "./names.ts";
import type { Deployment } from "./turn.ts";

/** Logins of the maintenance, and those that may read whole runs for an archive. */
const LOGINS = `
  select r.rolname as name, bool_or(g.rolname = 'baton_archiver') as archives
  from pg_catalog.pg_roles as r
  join pg_catalog.pg_roles as g on g.rolname in ('baton_archiver', 'baton_maintainer') and pg_catalog.pg_has_role(r.oid, g.oid, 'usage')
  where r.rolcanlogin and not r.rolsuper and not pg_catalog.pg_has_role(r.oid, 'baton_migrator', 'member')
    and pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
  group by r.rolname order by r.rolname collate "C"`;

/**
 * Says which logins may read inputs and outputs for the archive, and what to do where the service's
 * code has an archive and none may, or has none and one may.
 */
export async function tellOfTheArchivers({ send, names, log }: Deployment, hasArchive: boolean): Promise<void> {
  const archiver = rename("baton_archiver", names);
  const { rows } = await send<{ name: string; archives: boolean }>(LOGINS);
  const archivers = rows.filter(({ archives }) => archives).map(({ name }) => name);
  const logins = archivers.join(", ");
  if (archivers.length > 0) log(`logins that may read whole runs for an archive: ${logins}`);
  if (archivers.length > 0 && !hasArchive)
    log(`This code has no archive. Unless another stage on this server has one: revoke ${archiver} from ${logins};`);
  if (archivers.length === 0 && hasArchive) {
    const login = rows[0]?.name ?? "<the login of the maintenance>";
    log(`shared/workflows/retention.ts has an archive, and no login may read runs for it: grant ${archiver} to ${login};`);
  }
}
