import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "./build.ts";

/** The name under `service:` in serverless.yml, which every name of the stack begins with. */
export function serviceName(): string {
  const { service } = parse(readFileSync(join(ROOT, "serverless.yml"), "utf8")) as { service: string };
  return service;
}
