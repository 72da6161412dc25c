import pg from "pg";
import { isOfFunctions, limitsOf } from "../migrate/logins.ts";
import type { LoginFacts } from "./login.ts";

/** What was found, and what to do about it; without advice it is as it should be. */
export interface Finding {
  readonly about: string;
  readonly advice?: string;
}

/** Settings beyond whose limits a call of the API would have no answer in time. */
const TIMEOUTS = [
  ["statementTimeout", "statement_timeout"],
  ["lockTimeout", "lock_timeout"],
  ["idleTimeout", "idle_in_transaction_session_timeout"],
] as const;

const CLOCKS_APART_MS = 5_000;

/** Finds advice wanting where it is undefined. */
export function findingOf(about: string, advice?: string): Finding {
  return advice === undefined ? { about } : { about, advice };
}

/** Says what a login is, and holds that of a function against what the function needs. */
export function checkRights(facts: LoginFacts, now: number): Finding[] {
  const { name, owner, groups } = facts;
  const [group, ...others] = groups.filter((each) => !each.endsWith("_archiver"));
  if (!owner && group !== undefined && others.length === 0 && isOfFunctions(group)) return checkLogin(facts, group, now);
  const durability = `durability: synchronous_commit ${facts.synchronousCommit}, fsync ${facts.fsync}`;
  return [
    owner
      ? { about: `${name} is the owner` }
      : findingOf(
          `${name} is in ${groups.join(", ") || "no group of Baton's"}`,
          groups.length > 0 ? undefined : "grant it the one that it needs: docs/database.md says what each may do.",
        ),
    findingOf(durability, facts.fsync === "on" ? undefined : NO_FSYNC),
  ];
}

const NO_FSYNC = "turn fsync on: a crash of this server may lose everything.";

/** Holds a login against what the function needs that works as it; now: this machine's clock. */
export function checkLogin(facts: LoginFacts, group: string, now: number): Finding[] {
  const role = pg.escapeIdentifier(facts.name);
  const wrong = (ok: boolean, about: string, advice: string) => findingOf(about, ok ? undefined : advice);
  const limits = limitsOf(group);
  // The maintenance archives runs where there is an archive.
  const more = group.endsWith("_maintainer") ? group.replace(/maintainer$/, "archiver") : "";
  const others = facts.groups.filter((each) => each !== group && each !== more);
  return [
    wrong(facts.groups.includes(group), `is in ${group}`, `grant ${group} to ${role};`),
    wrong(
      !facts.superuser && others.length === 0,
      "may do nothing else",
      facts.superuser ? `alter role ${role} nosuperuser;` : `revoke ${others.join(", ")} from ${role};`,
    ),
    wrong(
      facts.isolation === "read committed",
      `isolation is ${facts.isolation}`,
      `alter role ${role} set default_transaction_isolation = 'read committed';`,
    ),
    wrong(!facts.readOnly, "may write", `take the primary's host, and: alter role ${role} set default_transaction_read_only = off;`),
    wrong(
      facts.synchronousCommit !== "off" && facts.fsync === "on",
      `durability: synchronous_commit ${facts.synchronousCommit}, fsync ${facts.fsync}`,
      facts.fsync === "on" ? `alter role ${role} set synchronous_commit = on;` : NO_FSYNC,
    ),
    ...TIMEOUTS.map(([fact, setting]) =>
      wrong(
        facts[fact] > 0 && facts[fact] <= parseInt(limits[setting]) * 1_000,
        `${setting} is ${facts[fact] === 0 ? "without end" : `${facts[fact]} ms`}`,
        `alter role ${role} set ${setting} = '${limits[setting]}';`,
      ),
    ),
    wrong(
      Math.abs(facts.clock - now) <= CLOCKS_APART_MS,
      `the database's clock is ${Math.round((facts.clock - now) / 1_000)} s ahead of this machine's`,
      "set the clock that is wrong: runs start by the database's, signatures for AWS by this machine's.",
    ),
  ];
}

/**
 * What goes wrong at the door, in words that help; the message of a driver has no password in it.
 * where: what holds the connection string.
 */
export function checkDoor(thrown: unknown, where = "the parameter"): Finding {
  const { code, message } = thrown as { code?: string; message: string };
  const about = `cannot log in: ${message || code}`;
  if (code === "28P01") return { about, advice: `alter role … password '…', and put the same one into ${where}.` };
  if (code === "42501") return { about, advice: "grant connect on database … to this login." };
  if (/transaction/.test(message))
    return { about, advice: "set the pooler to transaction mode: one that hands out statements cannot be used." };
  return { about, advice: `check host, port and database in ${where}, and whether this machine may reach them.` };
}
