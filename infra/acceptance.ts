import { LambdaClient } from "@aws-sdk/client-lambda";
import { SSMClient } from "@aws-sdk/client-ssm";
import { checkConnectionString } from "../shared/db/connection-string.ts";
import { accept } from "./acceptance/accept.ts";
import { awsCloud } from "./acceptance/cloud.ts";
import { chosenDriver } from "./build.ts";
import { accountIn } from "./deploy/account.ts";
import { lineFor, readTarget, regionFrom, requireOwnerUrl, requireStage } from "./deploy/target.ts";
import { schemaOf, serviceName } from "./service.ts";

const USAGE = "Usage: DATABASE_URL=<the owner's of an empty database> npm run acceptance -- --stage acc [--region <region>]";

/**
 * `npm run acceptance`: deploys a stage of its own to the account, checks what only AWS can show,
 * prints a report, and removes everything.
 */
async function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { stage: named, region: given } = readTarget(args, USAGE);
  const service = serviceName();
  const stage = requireStage(named, USAGE, service);
  const ownerUrl = requireOwnerUrl(env, "an empty database", "npm run acceptance -- --stage acc");
  const functionsUrl = env["FUNCTIONS_DATABASE_URL"] || ownerUrl;
  checkConnectionString(functionsUrl, "FUNCTIONS_DATABASE_URL");
  if (stage === "prod") throw new Error(`The stage is removed at the end: take another name than prod. ${USAGE}`);
  const region = regionFrom(given, env);
  const account = await accountIn(region);
  console.log(lineFor({ service, stage, region, account }));
  if (account === undefined) throw new Error("AWS takes no credentials of this machine. Nothing was done.");
  const stopped = new AbortController();
  process.once("SIGINT", () => stopped.abort(new Error("it was stopped")));
  const held = await accept({
    service,
    stage,
    schema: schemaOf(stage),
    ownerUrl,
    functionsUrl,
    cloud: awsCloud({ service, stage, region, driver: chosenDriver(env), log: console.log }),
    ssm: new SSMClient({ region }),
    lambda: new LambdaClient({ region }),
    log: console.log,
    signal: stopped.signal,
  });
  if (!held) process.exitCode = 1;
}

if (import.meta.main) {
  main(process.argv.slice(2), process.env).catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
}
