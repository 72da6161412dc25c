import { checkConnectionString } from "../../shared/db/connection-string.ts";
import { DatabaseConfigurationError } from "../../shared/domain/database-errors.ts";
import { ApiKeysError, parseApiKeys } from "../../shared/lambda/api-key.ts";
import { parseTicketKeys, TicketKeysError } from "../../shared/lambda/ticket-keys.ts";
import { BUNDLES, groupOf } from "../migrate/logins.ts";
import type { Names } from "../migrate/names.ts";
import { checkDoor, checkLogin, type Finding } from "./checks.ts";
import { factsOf } from "./login.ts";

/** The secrets of a stage, and where they are read. */
export interface StageSecrets {
  readonly service: string;
  readonly stage: string;
  readonly names: Names;
  /** The value of a parameter, decrypted. */
  readonly read: (parameter: string) => Promise<string>;
}

/** The parameters of a stage, and as whom they let its functions in. */
export async function checkParameters(secrets: StageSecrets): Promise<Finding[]> {
  const where = `/${secrets.service}/${secrets.stage}`;
  const findings = [
    ...prefixed(`${where}/api-keys: `, await checkKeys(`${where}/api-keys`, secrets)),
    ...prefixed(`${where}/ticket-keys: `, await checkTicketKeys(`${where}/ticket-keys`, secrets)),
  ];
  for (const bundle of BUNDLES) {
    const parameter = `${where}/${bundle}/database-url`;
    findings.push(...prefixed(`${parameter}: `, await checkUrl(parameter, groupOf(bundle, secrets.names), secrets)));
  }
  return findings;
}

function prefixed(prefix: string, findings: readonly Finding[]): Finding[] {
  return findings.map(({ about, advice }) => ({ about: prefix + about, ...(advice !== undefined && { advice }) }));
}

async function checkKeys(parameter: string, { read, ...secrets }: StageSecrets): Promise<Finding[]> {
  const make = `${logins(secrets)} makes the first one.`;
  try {
    const keys = parseApiKeys(await read(parameter));
    if (keys.length === 0) return [{ about: "no keys: every request would be 401", advice: make }];
    return [{ about: keys.map(({ name, role }) => `${name} (${role})`).join(", ") }];
  } catch (thrown) {
    return [{ about: wordsOf(thrown), advice: adviceOn(thrown, make, `delete the parameter: then ${make}`) }];
  }
}

async function checkTicketKeys(parameter: string, { read, ...secrets }: StageSecrets): Promise<Finding[]> {
  const make = `${logins(secrets)} makes the first one.`;
  try {
    const [first, ...others] = parseTicketKeys(await read(parameter));
    return [{ about: `${first.id} signs${others.length === 0 ? "" : `, ${others.map(({ id }) => id).join(", ")} still verify`}` }];
  } catch (thrown) {
    return [{ about: wordsOf(thrown), advice: adviceOn(thrown, make, `delete the parameter: then ${make}`) }];
  }
}

async function checkUrl(parameter: string, group: string, { read, names, ...secrets }: StageSecrets): Promise<Finding[]> {
  let url: string;
  try {
    url = await read(parameter);
    checkConnectionString(url);
  } catch (thrown) {
    const byHand = `or put the URL of a login in ${group} there.`;
    const advice = adviceOn(thrown, `${logins(secrets)}, ${byHand}`, `${logins(secrets)} --rotate, ${byHand}`);
    return [{ about: wordsOf(thrown), advice }];
  }
  try {
    const facts = await factsOf(url, names);
    const pooler = { about: facts.pooled ? "a pooler, in a mode that knows transactions" : "no pooler" };
    return prefixed(`${facts.name} `, [...checkLogin(facts, group, Date.now()), pooler]);
  } catch (thrown) {
    return [checkDoor(thrown)];
  }
}

function logins({ service, stage }: Pick<StageSecrets, "service" | "stage">): string {
  return `pgbaton logins --service ${service} --stage ${stage}`;
}

function wordsOf(thrown: unknown): string {
  return (thrown as Error).message || (thrown as Error).name;
}

/** Only a parameter that is missing, or was read and holds something else, is to be written. */
function adviceOn(thrown: unknown, make: string, replace: string): string {
  const { name } = thrown as Error;
  if (name === "ParameterNotFound") return make;
  if ([DatabaseConfigurationError, ApiKeysError, TicketKeysError].some((wrong) => thrown instanceof wrong)) return replace;
  if (/^(AccessDenied|UnrecognizedClient|ExpiredToken|InvalidSignature)/.test(name))
    return "take credentials that may read it: ssm:GetParameter, and kms:Decrypt with a key of your own.";
  return "SSM did not answer: look whether this machine reaches it, and run this again.";
}
