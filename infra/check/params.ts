import * as z from "zod";
import { schemaName, schemaNameRule } from "../../shared/db/schema-name.ts";
import { readServiceFile } from "../service.ts";

/** A param has a value that the stack would take and nothing could work with. */
export class ParamError extends Error {
  override readonly name = "ParamError";

  /** `of` says where it stands, such as `prod in serverless.yml`. */
  constructor(of: string, name: string, value: unknown, takes: string) {
    super(`The param ${name} of ${of} is ${JSON.stringify(value)}: it takes ${takes}.`);
  }
}

const ON_OFF = [/^(on|off)$/, '"on" or "off"'] as const;
const COUNT = [/^[1-9]\d*$/, "a whole number from 1"] as const;
const RESERVED = [/^\d+$/, "a whole number, or is left out"] as const;

/** What the params take that osls passes on as they are. */
const TAKES: Readonly<Record<string, readonly [pattern: RegExp, takes: string]>> = {
  tick: [/^(ENABLED|DISABLED)$/, "ENABLED or DISABLED"],
  tickRate: [/^(rate|cron)\(.+\)$/, "an expression such as rate(1 minute)"],
  idleGate: ON_OFF,
  alarms: ON_OFF,
  stacks: ON_OFF,
  rate: COUNT,
  burst: COUNT,
  answerRate: COUNT,
  answerBurst: COUNT,
  pollers: RESERVED,
  producers: RESERVED,
  readers: RESERVED,
  answerers: RESERVED,
  publicUrl: [/^https:\/\/[^\s/?#]+(\/[^\s?#]*)?$|^\{"Fn::GetAtt":/, "a URL such as https://approvals.example.com"],
  alarmEmail: [/^$|^[^\s@]+@[^\s@]+$/, 'an address, or "" for none'],
  schema: [schemaName, schemaNameRule.replace(/^it takes /, "")],
  kmsKey: [/^$|^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'the ARN of a key, or "" for that of SSM'],
};

const ServiceFile = z.object({ params: z.record(z.string(), z.record(z.string(), z.unknown())).default({}) });

/**
 * Checks the params of serverless.yml, of all stages. Variables in them are left to osls, and so
 * are params of the service's own. Throws ParamError.
 */
export function checkParams(serviceFile: unknown = readServiceFile()): void {
  for (const [stage, params] of Object.entries(ServiceFile.parse(serviceFile).params))
    for (const [name, value] of Object.entries(params)) checkParam(`${stage} in serverless.yml`, name, value);
}

/** Checks params that a command is given, each as `name=value`, alike. Throws ParamError. */
export function checkGivenParams(given: readonly string[]): void {
  for (const param of given) {
    const [name = "", ...value] = param.split("=");
    checkParam("this command", name, value.join("="));
  }
}

function checkParam(of: string, name: string, value: unknown): void {
  const [pattern, takes] = TAKES[name] ?? [];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (pattern === undefined || takes === undefined || text.includes("${") || pattern.test(text)) return;
  throw new ParamError(of, name, value, takes);
}
