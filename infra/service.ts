import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
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

/** The name under `service:` in serverless.yml, which every name of the stack begins with. */
export function serviceName(): string {
  const { service } = readServiceFile() as { service: string };
  return service;
}
