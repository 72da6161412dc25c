import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "./build.ts";

/** serverless.yml as it stands, its variables not resolved. */
export function readServiceFile(): unknown {
  return parse(readFileSync(join(ROOT, "serverless.yml"), "utf8"));
}

/** The name under `service:` in serverless.yml, which every name of the stack begins with. */
export function serviceName(): string {
  const { service } = readServiceFile() as { service: string };
  return service;
}
