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
    // Tags of CloudFormation are nothing to be warned of.
    return parse(text, { logLevel: "error" });
  } catch (error) {
    throw new ServiceFileError(`serverless.yml is not YAML: ${(error as Error).message.trim()}`, { cause: error });
  }
}

const Schema = z.object({ schema: z.string().optional().catch(undefined) });
const Service = z.string().regex(/^[A-Za-z][\w-]*$/);
const Named = z
  .object({ service: Service.optional().catch(undefined), params: z.record(z.string(), Schema.catch({})).catch({}) })
  .catch({ params: {} });

/** What any serverless.yml says in plain words of a service's name and a stage's schema. */
export function namesIn(serviceFile: unknown, stage: string): { service?: string | undefined; schema?: string | undefined } {
  const { service, params } = Named.parse(serviceFile);
  return { service, schema: params[stage]?.schema ?? params["default"]?.schema };
}

/** The schema that a stage keeps its runs in, as the params of serverless.yml say. */
export function schemaOf(stage = "default"): string {
  return namesIn(readServiceFile(), stage).schema ?? defaultSchema;
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
