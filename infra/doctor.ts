import { LambdaClient } from "@aws-sdk/client-lambda";
import { checkConnectionString } from "../shared/db/connection-string.ts";
import { readParameter } from "../shared/db/ssm-parameter.ts";
import { DatabaseConfigurationError } from "../shared/domain/database-errors.ts";
import { ApiKeysError, parseApiKeys } from "../shared/lambda/api-key.ts";
import { accountIn, lineFor, readTarget, regionFrom, requireOwnerUrl, requireStage } from "./deploy/target.ts";
import { checkDoor, checkLogin, type Finding } from "./doctor/checks.ts";
import { factsOf } from "./doctor/login.ts";
import { checkConcurrency, concurrencyOf, reservedFor } from "./doctor/quota.ts";
import { withClient } from "./migrate/connection.ts";
import { findNames } from "./migrate/find-names.ts";
import { BUNDLES, groupOf } from "./migrate/logins.ts";
import { type Names, prefixOf } from "./migrate/names.ts";
import { checkSchema } from "./migrate.ts";
import { schemaOf, serviceName } from "./service.ts";

const USAGE = "Usage: DATABASE_URL=<the owner's> npm run doctor -- --stage <stage> [--region <region>]";

const SCHEMA = {
  current: undefined,
  older: "nothing: npm run deploy migrates it before the functions.",
  none: "npm run migrate, and then make the logins as in docs/database.md.",
  newer: "deploy newer code, or know that you go back: npm run deploy leaves the schema as it is.",
};

/**
 * `npm run deploy`'s preconditions, looked at without changing anything. Resolves with whether all
 * is well.
 */
async function doctor(stage: string, region: string, owner: string): Promise<boolean> {
  const [service, schema] = [serviceName(), schemaOf(stage)];
  const account = await accountIn(region);
  console.log(lineFor({ service, stage, region, account }));
  process.env["AWS_REGION"] = region;
  const findings = [
    ...(account === undefined ? [NO_CREDENTIALS] : [await checkQuota(service, stage, region)]),
    ...(await lookAt("schema", () => checkOwner(owner, schema))),
    // What cannot be read says nothing of what is in it.
    ...(account === undefined ? [] : await checkParameters(service, stage, await namesFor(owner, service, schema))),
  ];
  for (const { about, advice } of findings) console.log(advice === undefined ? `ok   ${about}` : `FIX  ${about}\n     ${advice}`);
  return findings.every(({ advice }) => advice === undefined);
}

const NO_CREDENTIALS: Finding = {
  about: "no credentials: the account, the parameters and their logins were not looked at",
  advice: "log in until aws sts get-caller-identity answers, and run this again.",
};

async function checkParameters(service: string, stage: string, names: Names): Promise<Finding[]> {
  const findings = await lookAt(`/${service}/${stage}/api-keys`, (name) => checkKeys(name, stage));
  for (const bundle of BUNDLES)
    findings.push(
      ...(await lookAt(`/${service}/${stage}/${bundle}/database-url`, (name) => checkUrl(name, groupOf(bundle, names), names))),
    );
  return findings;
}

/** Those of the database; where it says none, those that a migration would make. */
async function namesFor(owner: string, service: string, schema: string): Promise<Names> {
  return withClient(owner, (client) => findNames(client, { service, schema })).catch(() => ({ schema, prefix: prefixOf(service) }));
}

async function lookAt(what: string, look: (what: string) => Promise<Finding[]>): Promise<Finding[]> {
  return prefixed(`${what}: `, await look(what));
}

function prefixed(prefix: string, findings: readonly Finding[]): Finding[] {
  return findings.map(({ about, advice }) => ({ about: prefix + about, ...(advice !== undefined && { advice }) }));
}

async function checkQuota(service: string, stage: string, region: string): Promise<Finding> {
  try {
    return checkConcurrency(await concurrencyOf(new LambdaClient({ region }), service, stage), reservedFor(stage));
  } catch (thrown) {
    const about = `concurrency: ${(thrown as Error).message || (thrown as Error).name}`;
    return { about, advice: "take credentials with the rights of infra/deployer-policy.json, which may look." };
  }
}

async function checkOwner(url: string, schema: string): Promise<Finding[]> {
  try {
    const { pooled } = await factsOf(url);
    const state = await checkSchema(url, undefined, schema);
    const advice = SCHEMA[state];
    const found = { about: state, ...(advice !== undefined && state !== "older" && { advice }) };
    return [
      found,
      pooled
        ? { about: "DATABASE_URL leads to a pooler", advice: "take the direct host: migrations need a session." }
        : { about: "DATABASE_URL leads to the server itself" },
    ];
  } catch (thrown) {
    return [checkDoor(thrown, "DATABASE_URL")];
  }
}

async function checkKeys(name: string, stage: string): Promise<Finding[]> {
  try {
    const keys = parseApiKeys(await readParameter(name, { maxAttempts: 3, timeoutMs: 5_000 }));
    if (keys.length > 0) return [{ about: keys.map(({ name: of, role }) => `${of} (${role})`).join(", ") }];
    return [{ about: "no keys: every request would be 401", advice: addKey(stage) }];
  } catch (thrown) {
    return [{ about: (thrown as Error).message || (thrown as Error).name, advice: adviceOn(thrown, addKey(stage)) }];
  }
}

/** Only a parameter that is missing, or was read and holds something else, is to be written. */
function adviceOn(thrown: unknown, write: string): string {
  if (thrown instanceof DatabaseConfigurationError || thrown instanceof ApiKeysError) return write;
  const { name } = thrown as Error;
  if (name === "ParameterNotFound") return write;
  if (/^(AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature)/.test(name))
    return "take credentials that may read it: ssm:GetParameter, and kms:Decrypt with a key of your own.";
  return "SSM did not answer: look whether this machine reaches it, and run this again.";
}

const addKey = (stage: string) => `npm run keys -- add me --role operator --stage ${stage}`;

async function checkUrl(name: string, group: string, names: Names): Promise<Finding[]> {
  let url: string;
  try {
    url = await readParameter(name, { maxAttempts: 3, timeoutMs: 5_000 });
    checkConnectionString(url);
  } catch (thrown) {
    const put = `aws ssm put-parameter --overwrite --type SecureString --name ${name} --value <the URL of a login in ${group}>`;
    return [{ about: (thrown as Error).message || (thrown as Error).name, advice: adviceOn(thrown, put) }];
  }
  try {
    const facts = await factsOf(url, names);
    const pooler = { about: facts.pooled ? "a pooler, in a mode that knows transactions" : "no pooler" };
    return prefixed(`${facts.name} `, [...checkLogin(facts, group, Date.now()), pooler]);
  } catch (thrown) {
    return [checkDoor(thrown)];
  }
}

async function main(args: string[]): Promise<void> {
  const { stage: given, region } = readTarget(args, USAGE);
  const stage = requireStage(given, USAGE);
  const owner = requireOwnerUrl(process.env, "the database of this stage", "npm run doctor -- --stage prod");
  if (!(await doctor(stage, regionFrom(region, process.env), owner))) process.exitCode = 1;
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
