import pg from "pg";
import { withClient } from "./connection.ts";
import type { GroupRole, Names } from "./names.ts";

/** What each function's login may do, by its bundle's name. */
const GROUPS = {
  "enqueue-run": "producer",
  "control-runs": "operator",
  "answer-waits": "signaller",
  "poll-queue": "poller",
  maintain: "maintainer",
} as const;

export type Bundle = keyof typeof GROUPS;

export const BUNDLES = Object.keys(GROUPS) as Bundle[];

/** Whether functions work as logins in a group. */
export function isOfFunctions(group: string): boolean {
  return Object.values(GROUPS).some((each) => group.endsWith(`_${each}`));
}

/** The group of the login that a function works as. */
export function groupOf(bundle: Bundle, { prefix }: Pick<Names, "prefix">): GroupRole {
  return `${prefix}_${GROUPS[bundle]}`;
}

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
  return group.endsWith("_maintainer") ? LIMITS_OF_MAINTENANCE : LIMITS;
}

/**
 * Makes or updates a LOGIN role that is a member of one group role, with its time limits:
 * a statement 15 s, the wait for a lock 3 s, an idle transaction 10 s; longer ones for the
 * maintenance, none for a migrator.
 */
export async function createLogin({ url, name, password, memberOf }: Login): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const limits: Record<string, string> = memberOf.endsWith("_migrator") ? {} : limitsOf(memberOf);
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
