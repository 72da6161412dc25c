import { parseArgs } from "node:util";
import type { ManifestEntry } from "../shared/domain/protocol.ts";
import type { Driver } from "../shared/db/connect.ts";
import { chosenDriver } from "./build.ts";
import { runServerless, ServerlessFailedError } from "./deploy/serverless.ts";
import { accountIn } from "./deploy/account.ts";
import { lineFor, regionFrom, requireOwnerUrl, requireStage } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { checkSchema, migrateService } from "./migrate.ts";
import { replaceHooks } from "./migrate/hooks.ts";
import { packageStage } from "./package.ts";
import { schemaOf, serviceName } from "./service.ts";

export interface DeployOptions {
  readonly stage: string;
  readonly region: string;
  /** The owner of the database, as for `migrate`. */
  readonly url: string;
  readonly roles: boolean;
  readonly driver: Driver;
  /** `false`: leaves the schema as it is, for the way back to older code. */
  readonly migrates: boolean;
  /** `true`: deploys also where nothing but the value of a parameter has changed. */
  readonly force: boolean;
  /**
   * `true`: changes neither the database nor the account; says how the schema stands and packages.
   */
  readonly dryRun: boolean;
  readonly log: (line: string) => void;
  /** Finds the account in a region; undefined: no credentials. Default: asks STS. */
  readonly findAccount?: (region: string) => Promise<string | undefined>;
  /** The program that packages and deploys, run by Node. Default: osls, of this project. */
  readonly serverless?: string;
  /** Where that program leaves the template. Default: `.serverless` of this project. */
  readonly packageDir?: string;
  /** Where the bundles go. Default: where serverless.yml looks for them. */
  readonly outdir?: string;
  /** A module whose `workflows` take the place of the service's own. */
  readonly workflows?: string;
  /** Default: `sql/` of this project. */
  readonly sqlDir?: string;
}

const USAGE = "Usage: npm run deploy -- --stage <stage> [--region <region>] [--no-roles] [--no-migrate] [--force] [--dry-run]";

/**
 * Says where it goes, packages the stage, migrates the database, tells it of hooks, and deploys, in
 * this order: the running code works on the new schema, the new code not on the old one. Whatever
 * fails stops it, and nothing after it is done: what can be known beforehand is known before the
 * database changes.
 *
 * A database that a newer code has migrated is left as it is: older functions in it would take from
 * the newer code what it needs. Throws what `packageStage` and `migrate` throw.
 */
export async function deploy(options: DeployOptions): Promise<void> {
  const { stage, region, driver, force, dryRun, serverless } = options;
  await announce(options);
  const manifest = await packageStage(options);
  if (options.migrates) {
    await bringUpSchema(options);
    if (!dryRun) await sayHooks(options, manifest);
  }
  if (dryRun) return;
  await runServerless("deploy", {
    stage,
    region,
    env: { BATON_DRIVER: driver },
    more: force ? ["--force"] : [],
    ...(serverless !== undefined && { program: serverless }),
  });
}

/**
 * Says where all this goes; without credentials it would fail after the migration, so it ends here.
 */
async function announce({ stage, region, dryRun, log, findAccount = accountIn }: DeployOptions): Promise<void> {
  const account = await findAccount(region);
  log(lineFor({ service: serviceName(), stage, region, account }));
  if (account === undefined && !dryRun)
    throw new Error("AWS takes no credentials of this machine. Nothing was done. Log in until aws sts get-caller-identity answers.");
}

async function bringUpSchema({ stage, url, roles, dryRun, log, sqlDir }: DeployOptions): Promise<void> {
  const schema = schemaOf(stage);
  const state = await checkSchema(url, sqlDir, schema);
  if (state === "newer") log("The schema is newer than this code and stays as it is.");
  else if (dryRun)
    log(`The schema is ${{ current: "up to date", older: "older: it would be migrated", none: "missing: it would be made" }[state]}.`);
  else await migrateService({ url, roles, schema, service: serviceName(), log, ...(sqlDir !== undefined && { sqlDir }) });
}

/**
 * Before the code: hooks' runs that the running pollers do not know wait for the new ones, and none
 * is missed.
 */
async function sayHooks({ stage, url, log }: DeployOptions, manifest: readonly ManifestEntry[]): Promise<void> {
  const changed = await replaceHooks({ url, schema: schemaOf(stage), manifest });
  if (changed > 0) log(`What follows the endings of runs has changed for ${changed} of the workflows.`);
}

function optionsFrom(args: string[], env: NodeJS.ProcessEnv): DeployOptions {
  const { stage: given, region, force, "no-roles": withoutRoles, "no-migrate": withoutMigration, "dry-run": dryRun } = readArguments(args);
  const stage = requireStage(given, USAGE, serviceName());
  const url = withoutMigration ? "" : requireOwnerUrl(env, "the database of this stage", "npm run deploy -- --stage prod");
  return {
    stage,
    region: regionFrom(region, env),
    url,
    roles: !withoutRoles,
    migrates: !withoutMigration,
    force,
    driver: chosenDriver(env),
    dryRun,
    log: console.log,
  };
}

function readArguments(args: string[]) {
  const flag = { type: "boolean", default: false } as const;
  const options = {
    stage: { type: "string" },
    region: { type: "string" },
    "no-roles": flag,
    "no-migrate": flag,
    force: flag,
    "dry-run": flag,
  } as const;
  return explainArguments(USAGE, () => parseArgs({ args, options }).values);
}

if (import.meta.main) {
  try {
    await deploy(optionsFrom(process.argv.slice(2), process.env));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = error instanceof ServerlessFailedError ? error.exitCode : 1;
  }
}
