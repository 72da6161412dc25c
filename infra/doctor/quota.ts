import { GetAccountSettingsCommand, GetFunctionConcurrencyCommand, LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";
import type { Finding } from "./checks.ts";

const Params = z.object({ params: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}) }).catch({ params: {} });
const RESERVED = { pollQueue: "pollers", enqueueRun: "producers", controlRuns: "readers", answerWaits: "answerers" } as const;

/**
 * How much concurrency the `params` of a serverless.yml reserve for a stage; undefined where they
 * have no word of it, as in one that is not of this project.
 */
export function reservedFor(stage: string, serviceFile: unknown): number | undefined {
  const { params } = Params.parse(serviceFile);
  const known = Object.values(RESERVED).filter((name) => Object.values(params).some((values) => name in values));
  if (known.length === 0) return undefined;
  const chosen: Record<string, unknown> = { ...params["default"], ...params[stage] };
  return known.reduce((sum, name) => sum + Number(chosen[name] ?? 0), 0);
}

/** Where it is looked at. */
export interface QuotaToCheck {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  /** serverless.yml; undefined where there is none. */
  readonly serviceFile: unknown;
}

/** Whether the account has what the stage will reserve, as far as serverless.yml says it. */
export async function checkQuota({ service, stage, region, serviceFile }: QuotaToCheck): Promise<Finding> {
  if (serviceFile === undefined) return { about: "concurrency: not looked at, since there is no serverless.yml in this folder" };
  const needed = reservedFor(stage, serviceFile);
  if (needed === undefined) return { about: "concurrency: not looked at, since serverless.yml reserves none by params that are known" };
  try {
    return checkConcurrency(await concurrencyOf(new LambdaClient({ region }), service, stage), needed);
  } catch (thrown) {
    const about = `concurrency: ${(thrown as Error).message || (thrown as Error).name}`;
    return { about, advice: "take credentials with the rights of infra/deployer-policy.json, which may look." };
  }
}

/** Lambda's concurrency in one account and region. */
export interface Concurrency {
  readonly limit: number;
  /** What no function reserves. */
  readonly unreserved: number;
  /** What the functions of this stage reserve now. */
  readonly own: number;
}

/** AWS keeps so much of it for functions that reserve none. */
const KEPT = 100;

/** Holds the account's concurrency against what a stage will reserve. */
export function checkConcurrency({ limit, unreserved, own }: Concurrency, needed: number): Finding {
  const about = `concurrency: ${limit} in this account, ${needed} reserved by this stage`;
  if (needed === 0 || unreserved + own - needed >= KEPT) return { about };
  return {
    about: `${about}, and AWS keeps ${KEPT} of it unreserved`,
    advice:
      "ask AWS for a higher quota of concurrent executions, or take pollers, producers, readers and answerers out of this stage's params.",
  };
}

export async function concurrencyOf(client: LambdaClient, service: string, stage: string): Promise<Concurrency> {
  const { AccountLimit } = await client.send(new GetAccountSettingsCommand());
  const names = Object.keys(RESERVED).map((name) => `${service}-${stage}-${name}`);
  const own = await Promise.all(names.map((name) => reservedNow(client, name)));
  return {
    limit: AccountLimit?.ConcurrentExecutions ?? 0,
    unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? 0,
    own: own.reduce((sum, each) => sum + each, 0),
  };
}

/** 0 for a function that is not deployed yet. */
async function reservedNow(client: LambdaClient, name: string): Promise<number> {
  try {
    return (await client.send(new GetFunctionConcurrencyCommand({ FunctionName: name }))).ReservedConcurrentExecutions ?? 0;
  } catch (thrown) {
    if ((thrown as Error).name === "ResourceNotFoundException") return 0;
    throw thrown;
  }
}
