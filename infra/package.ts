import { join } from "node:path";
import { parseArgs } from "node:util";
import { stop } from "esbuild";
import type { ManifestEntry } from "../shared/domain/protocol.ts";
import type { Driver } from "../shared/db/connect.ts";
import { buildFunctions, chosenDriver } from "./build.ts";
import { ROOT } from "./root.ts";
import { checkGivenParams, checkParams } from "./check/params.ts";
import { checkRegistry } from "./check/registry.ts";
import { runServerless, ServerlessFailedError } from "./deploy/serverless.ts";
import { requireStage } from "./deploy/target.ts";
import { explainArguments } from "./explain-arguments.ts";
import { serviceName } from "./service.ts";

export interface PackageOptions {
  readonly stage: string;
  /** Default: that of serverless.yml. */
  readonly region?: string;
  readonly driver: Driver;
  /** `name=value` of params that are other ones this time. */
  readonly params?: readonly string[];
  /** The program that packages, run by Node. Default: osls, of this project. */
  readonly serverless?: string;
  /** Where that program leaves the template. Default: `.serverless` of this project. */
  readonly packageDir?: string;
  /** Where the bundles go. Default: where serverless.yml looks for them. */
  readonly outdir?: string;
  /** A module whose `workflows` take the place of the service's own. */
  readonly workflows?: string;
}

const USAGE = "Usage: npm run package [-- --stage <stage>] [--region <region>] [--param <name>=<value>]";
const FUNCTIONS = join(ROOT, "dist/functions");

/**
 * Builds the functions, synthesises the template of a stage, and loads the workflows as its poller
 * will, offline and without credentials; gives their manifest.
 *
 * Throws what `buildFunctions` throws, ParamError, ServerlessFailedError or
 * UnloadableWorkflowsError.
 */
export async function packageStage(options: PackageOptions): Promise<readonly ManifestEntry[]> {
  const { stage, region, driver, params = [], serverless, packageDir = join(ROOT, ".serverless"), outdir = FUNCTIONS, workflows } = options;
  checkParams();
  checkGivenParams(params);
  await buildFunctions({ driver, outdir, ...(workflows !== undefined && { workflows }) });
  // The bundler's own process is not needed any longer.
  await stop();
  await runServerless("package", {
    stage,
    region,
    env: { BATON_DRIVER: driver },
    more: params.flatMap((param) => ["--param", param]),
    ...(serverless !== undefined && { program: serverless }),
  });
  return checkRegistry({ templateFile: join(packageDir, "cloudformation-template-update-stack.json"), bundles: outdir });
}

function optionsFrom(args: string[], env: NodeJS.ProcessEnv): PackageOptions {
  const options = { stage: { type: "string" }, region: { type: "string" }, param: { type: "string", multiple: true } } as const;
  const { stage = "dev", region, param = [] } = explainArguments(USAGE, () => parseArgs({ args, options }).values);
  return {
    stage: requireStage(stage, USAGE, serviceName()),
    ...(region !== undefined && { region }),
    params: param,
    driver: chosenDriver(env),
  };
}

if (import.meta.main) {
  try {
    await packageStage(optionsFrom(process.argv.slice(2), process.env));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = error instanceof ServerlessFailedError ? error.exitCode : 1;
  }
}
