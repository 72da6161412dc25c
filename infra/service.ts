import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { parse } from "yaml";
import { defaultSchema } from "../shared/db/schema-name.ts";
import { ROOT } from "./root.ts";

/** serverless.yml cannot be read. */
export class ServiceFileError extends Error {
  override readonly name = "ServiceFileError";
}

/** serverless.yml as it stands, its variables not resolved. Throws ServiceFileError. */
export function readServiceFile(text = readFileSync(join(ROOT, "serverless.yml"), "utf8")): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ServiceFileError(`serverless.yml is not YAML: ${(error as Error).message.trim()}`, { cause: error });
  }
}

const Params = z.object({ params: z.record(z.string(), z.looseObject({ schema: z.string().optional() })).default({}) });

/** The schema that a stage keeps its runs in, as the params of serverless.yml say. */
export function schemaOf(stage = "default"): string {
  const { params } = Params.parse(readServiceFile());
  return params[stage]?.schema ?? params["default"]?.schema ?? defaultSchema;
}

/** Where no stage is named: BATON_SCHEMA, or the schema of the stages that name none. */
export function chosenSchema(env: NodeJS.ProcessEnv): string {
  return env["BATON_SCHEMA"] || schemaOf();
}

/** The name under `service:` in serverless.yml, which every name of the stack begins with. */
export function serviceName(): string {
  const { service } = readServiceFile() as { service: string };
  return service;
}
