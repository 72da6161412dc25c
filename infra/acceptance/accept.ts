import type { SSMClient } from "@aws-sdk/client-ssm";
import { type Check, CHECKS } from "./checks.ts";
import type { Cloud } from "./cloud.ts";
import { Service } from "./service.ts";
import { dropNewSchemas, schemasIn, Stage } from "./stage.ts";

export interface AcceptanceOptions {
  readonly service: string;
  readonly stage: string;
  readonly region: string;
  readonly ownerUrl: string;
  readonly functionsUrl: string;
  readonly ssm: SSMClient;
  readonly cloud: Cloud;
  /** Receives the report, line by line as it grows. */
  readonly log: (line: string) => void;
  /** Ends what is going on early; what was made is removed all the same. */
  readonly signal?: AbortSignal;
  /** Waits between two looks; default: as long as it says. */
  readonly pause?: (ms: number) => Promise<void>;
  /** Default: all of them. */
  readonly checks?: readonly Check[];
}

/** Something of this name is there, and would be removed at the end. */
export class OccupiedError extends Error {
  override readonly name = "OccupiedError";
}

/**
 * Deploys a stage of its own, checks it, and removes all that it made, whatever happened. Resolves
 * with whether everything held.
 *
 * Throws OccupiedError, before it has made anything, where the stage or the database is in use.
 */
export async function accept(options: AcceptanceOptions): Promise<boolean> {
  const { ownerUrl, cloud, log } = options;
  const before = await requireEmpty(options);
  const stage = new Stage(options);
  const made = { held: 0, failed: 0 };
  try {
    await hold(made, log, "it is deployed", async () => {
      const url = await cloud.deploy(ownerUrl);
      const service = new Service({ ...options, url, pollerName: `${options.service}-${options.stage}-pollQueue` });
      service.key = await stage.make();
      await checkAll(options, service, stage, made);
      return url;
    });
  } finally {
    await hold(made, log, "it is removed", () => removeAll(cloud, stage, ownerUrl, before));
  }
  log(`${made.held} held, ${made.failed} failed`);
  return made.failed === 0;
}

/** The names of the schemas that are to stay. */
async function requireEmpty({ service, stage, cloud, ownerUrl }: AcceptanceOptions): Promise<string[]> {
  if (await cloud.exists())
    throw new OccupiedError(`The stack ${service}-${stage} is there already, and would be removed at the end: take another --stage.`);
  const schemas = await schemasIn(ownerUrl);
  if (schemas.includes("baton"))
    throw new OccupiedError(
      "The database has a schema baton already, which would be dropped at the end: take an empty database, such as a branch.",
    );
  return schemas;
}

async function checkAll({ checks = CHECKS, log, signal }: AcceptanceOptions, service: Service, stage: Stage, made: Tally): Promise<void> {
  for (const { name, run } of checks) {
    signal?.throwIfAborted();
    await hold(made, log, name, () => orAborted(run(service, stage), signal));
  }
}

interface Tally {
  held: number;
  failed: number;
}

/** One line of the report. */
async function hold(tally: Tally, log: (line: string) => void, name: string, run: () => Promise<string>): Promise<void> {
  const started = performance.now();
  const line = (word: string, text: string) => log(`${word}  ${name}: ${text} (${Math.round((performance.now() - started) / 1_000)} s)`);
  try {
    line("ok  ", await run());
    tally.held++;
  } catch (thrown) {
    line("FAIL", (thrown as Error).message.replaceAll(/\s+/g, " "));
    tally.failed++;
  }
}

async function orAborted<Result>(work: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  if (signal === undefined) return work;
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })),
  ]);
}

async function removeAll(cloud: Cloud, stage: Stage, ownerUrl: string, before: readonly string[]): Promise<string> {
  const left: string[] = [];
  const each = (undo: Promise<unknown>) => undo.catch((thrown: unknown) => void left.push((thrown as Error).message));
  // The functions first: they would miss what goes after them.
  if (await cloud.exists()) await each(cloud.remove());
  left.push(...(await stage.remove()));
  await each(dropNewSchemas(ownerUrl, before));
  if (left.length > 0) throw new Error(`remove by hand what is left: ${left.join("; ")}`);
  return "stack, parameters, logins and schemas are gone; Baton's group roles stay in the server";
}
