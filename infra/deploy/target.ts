import { parseArgs } from "node:util";
import { checkConnectionString } from "../../shared/db/connection-string.ts";
import { explainArguments } from "../explain-arguments.ts";

/** Where a command acts. */
export interface Target {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  /** Undefined where AWS takes no credentials of this machine. */
  readonly account: string | undefined;
}

/**
 * The region that was given, or else that of the environment, as for the `aws` command: AWS_REGION,
 * then AWS_DEFAULT_REGION.
 *
 * Throws where nobody says which: a region that is guessed is a second service that nobody looks
 * for.
 */
export function regionFrom(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const region = given || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"];
  if (!region) throw new Error("Say which region: --region eu-central-1, or AWS_REGION in the environment.");
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new Error(`"${region}" is no region of AWS: give one such as eu-central-1.`);
  return region;
}

/** One line, to be read before anything happens. */
export function lineFor({ service, stage, region, account }: Target): string {
  return `Service ${service}, stage ${stage}, region ${region}, ${account === undefined ? "no account: AWS takes no credentials of this machine" : `account ${account}`}`;
}

/** What Lambda takes as a function's name, the longest of which is that of `controlRuns`. */
const LONGEST_NAME = 64;

/**
 * The stage that was given. Throws a sentence where there is none, or where its name could stand in
 * no name of the stack.
 */
export function requireStage(given: string | undefined, usage: string, service: string): string {
  if (!given) throw new Error(`Say which stage. ${usage}`);
  if (!/^[A-Za-z0-9-]+$/.test(given))
    throw new Error(`"${given}" cannot be the name of a stage: it takes letters, digits and hyphens. Nothing was done.`);
  const most = LONGEST_NAME - `${service}--controlRuns`.length;
  if (given.length > most)
    throw new Error(`"${given}" is too long for the name of a stage of ${service}: it takes ${most} characters. Nothing was done.`);
  return given;
}

/**
 * The owner's connection string. Throws a sentence where there is none, or where it is none, before
 * anything connects.
 */
export function requireOwnerUrl(env: NodeJS.ProcessEnv, of: string, command: string): string {
  const url = env["DATABASE_URL"];
  if (!url) throw new Error(`Set DATABASE_URL to ${of}, as its owner: DATABASE_URL=postgresql://… ${command}`);
  checkConnectionString(url);
  return url;
}

/** `--stage` and `--region` of a command. Throws a sentence with its usage for anything else. */
export function readTarget(args: string[], usage: string): { stage?: string | undefined; region?: string | undefined } {
  const options = { stage: { type: "string" }, region: { type: "string" } } as const;
  return explainArguments(usage, () => parseArgs({ args, options }).values);
}
