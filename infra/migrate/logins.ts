import pg from "pg";
import { withClient } from "./connection.ts";

export type GroupRole = "baton_producer" | "baton_poller" | "baton_reader" | "baton_operator" | "baton_maintainer" | "baton_migrator";

/** The group of the login that each function works as, by its bundle's name. */
export const FUNCTION_GROUPS = {
  "enqueue-run": "baton_producer",
  "control-runs": "baton_operator",
  "poll-queue": "baton_poller",
  maintain: "baton_maintainer",
} as const satisfies Readonly<Record<string, GroupRole>>;

export interface Login {
  /** A user that may create roles. */
  readonly url: string;
  readonly name: string;
  readonly password: string;
  readonly memberOf: GroupRole;
}

/** Postgres does not pass settings on from a group to its members, so each login gets its own. */
const LIMITS = { statement_timeout: "15s", lock_timeout: "3s", idle_in_transaction_session_timeout: "10s" };

/** An index of a week takes minutes, and waits for the statements that began before it. */
const LIMITS_OF_MAINTENANCE: typeof LIMITS = { ...LIMITS, statement_timeout: "600s", lock_timeout: "60s" };

/** The time limits of a login in one of the groups that functions work as. */
export function limitsOf(group: string): typeof LIMITS {
  return group === "baton_maintainer" ? LIMITS_OF_MAINTENANCE : LIMITS;
}

/**
 * Makes or updates a LOGIN role that is a member of one group role, with its time limits:
 * a statement 15 s, the wait for a lock 3 s, an idle transaction 10 s; longer ones for the
 * maintenance, none for a migrator.
 */
export async function createLogin({ url, name, password, memberOf }: Login): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const limits: Record<string, string> = memberOf === "baton_migrator" ? {} : limitsOf(memberOf);
  await withClient(url, async (client) => {
    const { rows } = await client.query("select from pg_roles where rolname = $1", [name]);
    const verb = rows.length === 0 ? "create" : "alter";
    await client.query(
      [
        "begin",
        `${verb} role ${role} login password ${pg.escapeLiteral(password)}`,
        `grant ${memberOf} to ${role}`,
        ...Object.entries(limits).map(([setting, value]) => `alter role ${role} set ${setting} = '${value}'`),
        "commit",
      ].join("; "),
    );
  });
}
