import { createOperator } from "../../shared/operator.ts";
import { checkDoor, type Finding } from "../doctor/checks.ts";
import { factsOf } from "../doctor/login.ts";
import { checkSchema } from "../migrate/index.ts";
import { withClient } from "../migrate/connection.ts";
import { type DatabaseOptions, openDatabase, placeOf, print, printJson, schemaOf, urlOf } from "./context.ts";
import { CommandError, EXIT, exitCodeOf } from "./exit-codes.ts";
import { quiet } from "./quiet.ts";

/** The flags of `doctor`. */
export interface DoctorFlags extends DatabaseOptions {
  readonly json?: boolean;
}

const SCHEMA = {
  current: undefined,
  older: "run pgbaton migrate, as the owner.",
  none: "run pgbaton migrate, as the owner.",
  newer: "install the newer version of the package, or know that you go back.",
} as const;

/** Weeks that enqueues find their partitions in. */
const LEAST_AHEAD = 1;

/**
 * `doctor`: looks at a database, and changes nothing; ends with 5 where something is to be done.
 */
export async function examine(flags: DoctorFlags): Promise<void> {
  const url = urlOf(flags);
  const findings = await findingsOf(url, flags);
  if (flags.json) printJson({ database: placeOf(url), findings });
  else for (const { about, advice } of findings) print(advice === undefined ? `ok   ${about}` : `FIX  ${about}\n     ${advice}`);
  const wrong = findings.filter(({ advice }) => advice !== undefined).length;
  if (wrong > 0) throw new CommandError(EXIT.unhealthy, `${wrong} of ${findings.length} are to be mended in ${placeOf(url)}.`);
}

async function findingsOf(url: string, flags: DoctorFlags): Promise<Finding[]> {
  try {
    const facts = await factsOf(url);
    const state = await checkSchema(url, undefined, schemaOf(flags));
    const login = { about: `logs in as ${facts.name}${facts.pooled ? ", through a pooler" : ""}` };
    if (state === "none") return [login, findingOf(`schema: ${state}`, SCHEMA[state])];
    return [login, findingOf(`schema: ${state}`, SCHEMA[state]), checkDurability(facts), ...(await checkRuns(url, flags))];
  } catch (thrown) {
    const { about, advice } = checkDoor(thrown, "DATABASE_URL");
    throw new CommandError(exitCodeOf(thrown) === EXIT.failure ? EXIT.unreachable : exitCodeOf(thrown), `${about}: ${advice}`, {
      cause: thrown,
    });
  }
}

function findingOf(about: string, advice: string | undefined): Finding {
  return advice === undefined ? { about } : { about, advice };
}

function checkDurability({ synchronousCommit, fsync }: { synchronousCommit: string; fsync: string }): Finding {
  const about = `durability: synchronous_commit ${synchronousCommit}, fsync ${fsync}`;
  return findingOf(about, fsync === "on" ? undefined : "turn fsync on: a crash of this server may lose everything.");
}

/** What is in the queue, and whether partitions are ahead. */
async function checkRuns(url: string, flags: DoctorFlags): Promise<Finding[]> {
  await using database = openDatabase(flags);
  const operator = createOperator({ database, logger: quiet });
  const { runs: blocked, more } = await operator.list({ status: "blocked", limit: 100 });
  const many = more ? `more than ${blocked.length}` : String(blocked.length);
  const weeks = await countWeeks(url, schemaOf(flags));
  return [
    findingOf(
      `blocked runs: ${many}`,
      blocked.length === 0 ? undefined : "deploy code that knows them: runs list --status blocked says which.",
    ),
    findingOf(
      `weeks ahead: ${weeks.ahead}`,
      weeks.all === 0 || weeks.ahead >= LEAST_AHEAD
        ? undefined
        : "let a poller or the maintenance run: each makes the weeks that are missing.",
    ),
  ];
}

/** A database that has had no run yet has no week either: the first one makes it. */
async function countWeeks(url: string, schema: string): Promise<{ all: number; ahead: number }> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ all: number; ahead: number }>(
      `select count(*)::int as all, count(*) filter (where to_date(right(relname, 8), 'YYYYMMDD') > current_date)::int as ahead
       from pg_catalog.pg_class where relnamespace = to_regnamespace($1) and relispartition and relname ~ '^run_[0-9]{8}$'`,
      [schema],
    ),
  );
  return rows[0]!;
}
