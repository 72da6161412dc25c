import type { Connected } from "../../shared/db/connect.ts";
import { defaultSchema } from "../../shared/db/schema-name.ts";
import { withClient } from "../migrate/connection.ts";
import { UnusableSchemaError } from "../migrate/errors.ts";
import { findNames } from "../migrate/find-names.ts";
import { checkSchema, type SchemaState } from "../migrate/index.ts";
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

const UNSEEN = "not looked at, since this login may not read it";
const TO_MIGRATE: Finding = { about: "schema: older than this version, to be migrated before the functions are deployed" };

/** What of a database says whether runs get on in it. Throws what the driver throws. */
export async function checkDatabase(asked: DatabaseToCheck): Promise<Finding[]> {
  const { url, schema, ofStage, open } = asked;
  const facts = await factsOf(url, await namesOf(asked));
  const state = await checkSchema(url, undefined, schema).catch(unlessRefused);
  const findings = [
    findingOf(
      `logs in as ${facts.name}${facts.pooled ? ", through a pooler" : ""}`,
      ofStage && facts.pooled ? "take the direct host: migrations need a session." : undefined,
    ),
    ofStage && state === "older" ? TO_MIGRATE : findingOf(`schema: ${state}`, adviceOn(state, schema)),
  ];
  if (state === "none") return findings;
  findings.push(...checkRights(facts, Date.now()));
  if (state === "older" || state === UNSEEN) return findings;
  await using database = open();
  return [...findings, ...(await checkRuns(database))];
}

function adviceOn(state: SchemaState | typeof UNSEEN, schema: string): string | undefined {
  if (state === "newer") return "install the newer version of the package, or know that you go back.";
  if (state === "current" || state === UNSEEN) return undefined;
  return `run pgbaton migrate${schema === defaultSchema ? "" : ` --schema ${schema}`}, as the owner.`;
}

/** A login without a right on the schema is told that of its groups. */
function unlessRefused(thrown: unknown): typeof UNSEEN {
  if ((thrown as { code?: string }).code !== "42501") throw thrown;
  return UNSEEN;
}

/** Those that the database has; where it has or shows none, those that a migration would make. */
export async function namesOf({ url, schema, service }: Pick<DatabaseToCheck, "url" | "schema" | "service">): Promise<Names> {
  try {
    return await withClient(url, (client) => findNames(client, { service, schema }));
  } catch (thrown) {
    if (!(thrown instanceof UnusableSchemaError)) unlessRefused(thrown);
    return { schema, prefix: prefixOf(service) };
  }
}
