import type { LambdaClient } from "@aws-sdk/client-lambda";
import type { SSMClient } from "@aws-sdk/client-ssm";
import { type Check, CHECKS } from "./checks.ts";
import type { Cloud } from "./cloud.ts";
import { Report, type Seen } from "./report.ts";
import { Service } from "./service.ts";
import { dropNewSchemas, schemasIn, Stage } from "./stage.ts";

export interface AcceptanceOptions {
  readonly service: string;
  readonly stage: string;
  /** Where the stage keeps its runs. */
  readonly schema: string;
  /** The owner of a database without Baton. */
  readonly ownerUrl: string;
  /** Where the functions reach that database; the owner's, but for user and password. */
  readonly functionsUrl: string;
  readonly ssm: SSMClient;
  readonly lambda: LambdaClient;
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
  const report = new Report(log);
  try {
    const service = await report.hold("it is deployed", () => deployed(options, stage));
    if (service !== undefined) await checkAll(options, service, stage, report);
  } finally {
    await report.hold("it is removed", () => removeAll(cloud, stage, ownerUrl, before));
  }
  return report.end();
}

async function deployed(options: AcceptanceOptions, stage: Stage): Promise<Seen<Service>> {
  const url = await options.cloud.deploy(options.ownerUrl);
  const service = new Service({ ...options, url, pollerName: `${options.service}-${options.stage}-pollQueue` });
  service.key = await stage.make();
  return { seen: url, value: service };
}

/** The names of the schemas that are to stay. */
async function requireEmpty({ service, stage, schema, cloud, ownerUrl }: AcceptanceOptions): Promise<string[]> {
  if (await cloud.exists())
    throw new OccupiedError(`The stack ${service}-${stage} is there already, and would be removed at the end: take another --stage.`);
  const schemas = await schemasIn(ownerUrl);
  if (schemas.includes(schema))
    throw new OccupiedError(
      `The database has a schema ${schema} already, which would be dropped at the end: take an empty database, such as a branch.`,
    );
  return schemas;
}

async function checkAll({ checks = CHECKS, signal }: AcceptanceOptions, service: Service, stage: Stage, report: Report): Promise<void> {
  for (const { name, run } of checks) {
    if (signal?.aborted === true) return;
    await report.hold(name, async () => ({ seen: await orAborted(run(service, stage), signal) }));
  }
}

async function orAborted<Result>(work: Promise<Result>, signal?: AbortSignal): Promise<Result> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason as Error);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  return Promise.race([work, promise]);
}

async function removeAll(cloud: Cloud, stage: Stage, ownerUrl: string, before: readonly string[]): Promise<Seen> {
  const left: string[] = [];
  const each = (undo: Promise<unknown>) => undo.catch((thrown: unknown) => void left.push((thrown as Error).message));
  // The functions first: they would miss what goes after them.
  await each(cloud.exists().then((exists) => (exists ? cloud.remove() : undefined)));
  left.push(...(await stage.remove()));
  await each(dropNewSchemas(ownerUrl, before));
  if (left.length > 0) throw new Error(`remove by hand what is left: ${left.join("; ")}`);
  return { seen: "stack, parameters, logins and schemas are gone; Baton's group roles stay in the server" };
}
