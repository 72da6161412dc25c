import { defaultSchema } from "../../shared/db/schema-name.ts";

/** What a service says of its names. */
export interface ServiceNames {
  /** Where it keeps its runs. Default: `baton`. */
  readonly schema?: string | undefined;
  /** The name in serverless.yml, which new group roles carry. Default: `baton`. */
  readonly service?: string | undefined;
}

/** How a service calls what it has in a database. */
export interface Names {
  readonly schema: string;
  /** What its group roles begin with: they belong to the whole server. */
  readonly prefix: string;
}

const GROUPS = ["migrator", "engine", "views", "producer", "signaller", "poller", "reader", "operator", "maintainer", "archiver"] as const;

export type GroupRole = `${string}_${(typeof GROUPS)[number]}`;

/** All texts of SQL in this project have these. */
export const defaultNames: Names = { schema: defaultSchema, prefix: "baton" };

const ANY_GROUP = `_(${GROUPS.join("|")})`;

/** Whether a name is that of a group role of some service. */
export function isGroupRole(name: string): boolean {
  return new RegExp(`${ANY_GROUP}$`).test(name);
}

const ROLE = new RegExp(`\\bbaton(?=${ANY_GROUP}\\b)`, "g");
/** `baton.role` is a setting of a session, and no table. */
const SCHEMA =
  /\bbaton(?=\.(?!role')[\w%'"]|'::regnamespace\b|', 'create'|, pg_temp\b)|(?<=\bschema (?:if not exists )?)baton\b|(?<=\bto_regnamespace\(')baton(?=')/g;

/**
 * A text of SQL with a service's own names in the places of schema baton and of the group roles.
 * Any other `baton` stays: it may be somebody's word.
 */
export function rename(text: string, { schema, prefix }: Names): string {
  return text.replaceAll(ROLE, prefix).replaceAll(SCHEMA, schema);
}

/** The names of group roles as a pattern for Postgres. */
export function groupsOf({ prefix }: Names): string {
  return `^${prefix}${ANY_GROUP}$`;
}

/** What a service may be called in serverless.yml, as a part of a name that needs no quotes. */
export function prefixOf(service: string): string {
  return service.toLowerCase().replaceAll("-", "_");
}
