import type { Connected } from "../../shared/db/connect.ts";
import { withClient } from "../migrate/connection.ts";
import { UnusableSchemaError } from "../migrate/errors.ts";
import { findNames } from "../migrate/find-names.ts";
import { checkSchema } from "../migrate/index.ts";
import { type Names, prefixOf } from "../migrate/names.ts";
import { checkRights, type Finding, findingOf } from "./checks.ts";
import { factsOf } from "./login.ts";
import { checkRuns } from "./runs.ts";

/** A database to look at. */
export interface DatabaseToCheck {
  readonly url: string;
  readonly schema: string;
  readonly service: string;
  /** It is that of a stage that is going to be deployed: as its owner, who migrates it. */
  readonly ofStage: boolean;
  /** Opens it with the driver of the functions. */
  readonly open: () => Connected;
}

const MIGRATE = "run pgbaton migrate, as the owner.";
const SCHEMA = {
  current: undefined,
  older: MIGRATE,
  none: MIGRATE,
  newer: "install the newer version of the package, or know that you go back.",
} as const;

/** What of a database says whether runs get on in it. Throws what the driver throws. */
export async function checkDatabase({ url, schema, service, ofStage, open }: DatabaseToCheck): Promise<Finding[]> {
  const facts = await factsOf(url, await namesOf({ url, schema, service }));
  const state = await checkSchema(url, undefined, schema);
  const findings = [
    findingOf(
      `logs in as ${facts.name}${facts.pooled ? ", through a pooler" : ""}`,
      ofStage && facts.pooled ? "take the direct host: migrations need a session." : undefined,
    ),
    ofStage && state === "older"
      ? { about: "schema: older than this version, to be migrated before the functions are deployed" }
      : findingOf(`schema: ${state}`, SCHEMA[state]),
  ];
  if (state === "none") return findings;
  findings.push(...checkRights(facts, Date.now()));
  if (state === "older") return findings;
  await using database = open();
  return [...findings, ...(await checkRuns(database))];
}

/** Those that the database has; where it has none, those that a migration would make. */
export async function namesOf({ url, schema, service }: Pick<DatabaseToCheck, "url" | "schema" | "service">): Promise<Names> {
  try {
    return await withClient(url, (client) => findNames(client, { service, schema }));
  } catch (thrown) {
    if (!(thrown instanceof UnusableSchemaError)) throw thrown;
    return { schema, prefix: prefixOf(service) };
  }
}
