import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { Access, type Refusal } from "./host/access.ts";
import { type AccessKey, AccessKeys } from "./host/access-keys.ts";
import { functionArn, REGION } from "./host/arns.ts";
import { type Authorize, awsApi, type CallListener } from "./host/aws-api.ts";
import { httpGateway, type GatewayOptions } from "./host/http-gateway.ts";
import { invokeApi } from "./host/invoke-api.ts";
import { LambdaPool, type PoolOptions } from "./host/lambda-pool.ts";
import type { Crash, Outcome } from "./host/lambda-instance.ts";
import { localOnly } from "./host/local-only.ts";
import { deniedStatus, rightsFor } from "./host/operations.ts";
import type { OneTimeSchedule } from "./host/scheduler-api.ts";
import { schedulesOf } from "./host/schedules.ts";
import { ssmApi } from "./host/ssm-api.ts";
import type { FunctionFacts, Template } from "./host/template.ts";

export interface HostOptions {
  readonly template: Template;
  /** Where the paths of the template's handlers begin. */
  readonly codeRoot: string;
  /** What a function's environment has besides the template's, or instead of it. */
  readonly environmentOf: (facts: FunctionFacts) => Readonly<Record<string, string>>;
  /** What SSM's parameters hold at first, by their names. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** Receives what functions print. */
  readonly log: (text: string) => void;
  readonly onAnswer?: GatewayOptions["onAnswer"];
  /**
   * Told when an instance ends by itself: nobody waits for the answer of a schedule's invocation.
   */
  readonly onCrash?: (crash: Crash) => void;
  /** Told of every call that a role does not allow. */
  readonly onRefusal?: (refusal: Refusal) => void;
  /** How many instances a function may have, and how long they may idle; see LambdaPool. */
  readonly limits?: Partial<Pick<PoolOptions, "instances" | "idleMs">>;
}

/**
 * A running local cloud: an HTTP API, the schedules, and on a free port of 127.0.0.1 Lambda's
 * Invoke API, SSM and the Scheduler.
 */
export interface Host {
  /** Serves HTTP; for a server of the caller's. */
  readonly listener: RequestListener;
  /** Where the AWS SDK finds Invoke, SSM and the Scheduler. */
  readonly awsUrl: string;
  /** What a caller other than a function signs its calls of `awsUrl` with. */
  readonly awsKey: AccessKey;
  /** SSM's parameters as they are now. */
  readonly parameters: ReadonlyMap<string, string>;
  /** The schedules that the functions have made, each to fire once. */
  readonly oneTimeSchedules: ReadonlyMap<string, OneTimeSchedule>;
  /** The events that schedules could not deliver, by the ARN of their queue. */
  readonly deadLetters: ReadonlyMap<string, readonly string[]>;
  /** How many instances of a function live now, by its logical id. */
  instancesOf(functionId: string): number;
  /**
   * Invokes a function asynchronously by its logical id, as a schedule does; undefined when the
   * event was dropped.
   */
  invoke(functionId: string, event: string): Promise<Outcome | undefined>;
  /** Starts the schedules, each with one event at once. */
  startSchedules(): void;
  close(): Promise<void>;
}

/**
 * Serves a template's functions as AWS would: each instance a thread with the built bundle, which
 * may do what its role allows.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const { template, codeRoot, log, onAnswer = () => undefined, onCrash = () => undefined } = options;
  const pools = new Map<string, LambdaPool>();
  const poolAt = (arn: string) => [...pools.values()].find(({ facts }) => functionArn(facts.name) === arn);
  const poolOf = (functionId: string): LambdaPool => pools.get(functionId)!;
  const parameters = new Map(options.parameters);
  const access = new Access(template.permissions, options.onRefusal);
  const authorize: Authorize = (caller, operation, input) => access.demand(caller, rightsFor(operation, input), deniedStatus(operation));
  const schedules = schedulesOf(template, access, poolAt);
  const keys = new AccessKeys();
  const services = awsServices(
    invokeApi(poolAt, authorize),
    awsApi(ssmApi(parameters), authorize),
    awsApi(schedules.api.answer, authorize),
  );
  const awsServer = createServer(localOnly(keys.guard(services)));
  awsServer.listen(0, "127.0.0.1");
  await once(awsServer, "listening");
  const awsUrl = `http://127.0.0.1:${(awsServer.address() as AddressInfo).port}`;
  for (const facts of template.functions) {
    const env = { ...lambdaEnvironment(facts, awsUrl), ...facts.environment, ...options.environmentOf(facts) };
    pools.set(facts.logicalId, new LambdaPool(facts, { codeRoot, env, keys, log, onCrash, instances: INSTANCES, ...options.limits }));
  }
  return {
    listener: localOnly(
      httpGateway({ routes: template.routes, poolOf, onAnswer, mayInvoke: (name, route) => access.gatewayMayInvoke(name, route) }),
    ),
    awsUrl,
    awsKey: keys.issue({ name: "the caller of startHost" }),
    parameters,
    oneTimeSchedules: schedules.api.schedules,
    deadLetters: schedules.deadLetters,
    instancesOf: (functionId) => pools.get(functionId)?.size ?? 0,
    invoke: (functionId, event) =>
      poolOf(functionId)
        .invokeAsync(event)
        .catch(() => undefined),
    startSchedules: () => schedules.start(),
    close: async () => {
      schedules.stop();
      await closeServer(awsServer);
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

/** One port for all services: each knows its calls. */
function awsServices(invoke: CallListener, ssm: CallListener, scheduler: CallListener): CallListener {
  return (request, response, caller) => {
    if (request.headers["x-amz-target"] !== undefined) ssm(request, response, caller);
    else if (request.url?.startsWith("/schedules/") === true) scheduler(request, response, caller);
    else invoke(request, response, caller);
  };
}

/**
 * AWS would start as many instances as there are calls; one machine has a few, and further calls
 * wait for one of them. More would only share its cores, at 30 to 50 MB each, and more pollers
 * would share the runs, in more and smaller rounds.
 */
const INSTANCES = Math.min(Math.max(availableParallelism(), 2), 4);

/**
 * What Lambda's runtime sets; the SDK finds the local services here. Each instance has an access
 * key besides.
 */
function lambdaEnvironment({ name, memoryMb, module, handler }: FunctionFacts, awsUrl: string): Record<string, string> {
  return {
    ...pick(["PATH", "HOME", "TZ", "LANG"]),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    _HANDLER: `${module}.${handler}`,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: awsUrl,
  };
}

function pick(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
