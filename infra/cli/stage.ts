import { existsSync, readFileSync } from "node:fs";
import { checkConnectionString } from "../../shared/db/connection-string.ts";
import { regionFrom, requireStage } from "../deploy/target.ts";
import { type DatabaseOptions, schemaOf } from "./context.ts";
import { CommandError, EXIT } from "./exit-codes.ts";

/** What every command that looks at a stage on AWS takes. */
export interface StageOptions extends DatabaseOptions {
  readonly stage: string;
  /** Default: that of serverless.yml in this folder, or else `baton`. */
  readonly service?: string | undefined;
  /** Default: AWS_REGION, or else AWS_DEFAULT_REGION. */
  readonly region?: string | undefined;
}

/** A stage on AWS, and where its runs are. */
export interface Stage {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  /** The owner's connection string. */
  readonly url: string;
  /** What it was given by. */
  readonly urlBy: string;
  readonly schema: string;
  /** serverless.yml of this folder; undefined where there is none. */
  readonly serviceFile: unknown;
}

/**
 * The stage that is meant. The database of a `dev` in this folder is never that of a stage.
 *
 * Throws CommandError, or DatabaseConfigurationError for what is no connection string.
 */
export async function stageOf(flags: StageOptions): Promise<Stage> {
  const { serviceFile, named } = await readFolder(flags.stage);
  const service = flags.service ?? named.service ?? (serviceFile === undefined ? "baton" : undefined);
  if (!service) throw new CommandError(EXIT.usage, "Say which service: --service <name>, since serverless.yml has no plain word for it.");
  const stage = asked(() => requireStage(flags.stage, "", service));
  const region = asked(() => regionFrom(flags.region, process.env));
  const url = flags.url ?? process.env["DATABASE_URL"];
  const urlBy = flags.url === undefined ? "DATABASE_URL" : "--url";
  if (!url)
    throw new CommandError(
      EXIT.usage,
      "Say which database the stage has, as its owner: --url postgresql://…, or DATABASE_URL in the environment.",
    );
  checkConnectionString(url, urlBy);
  return { service, stage, region, url, urlBy, schema: schemaOf({ schema: flags.schema ?? named.schema }), serviceFile };
}

async function readFolder(stage: string) {
  if (!existsSync("serverless.yml")) return { serviceFile: undefined, named: {} };
  const { namesIn, readServiceFile } = await loadOptional(
    "serverless.yml is read with the package yaml: npm install --save-dev yaml.",
    () => import("../service.ts"),
  );
  const serviceFile = readServiceFile(readFileSync("serverless.yml", "utf8"));
  return { serviceFile, named: namesIn(serviceFile, stage) };
}

/** What is said wrongly ends with the code for it. */
function asked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    throw new CommandError(EXIT.usage, (thrown as Error).message, { cause: thrown });
  }
}

/** Loads what needs a package that may be missing. Throws CommandError: what to install. */
export async function loadOptional<Module>(sentence: string, load: () => Promise<Module>): Promise<Module> {
  return load().catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new CommandError(EXIT.failure, sentence, { cause });
  });
}
