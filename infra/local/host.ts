import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { httpGateway, type GatewayOptions } from "./host/http-gateway.ts";
import { invokeApi } from "./host/invoke-api.ts";
import { LambdaPool } from "./host/lambda-pool.ts";
import type { Outcome } from "./host/lambda-instance.ts";
import { startSchedules } from "./host/scheduler.ts";
import type { FunctionFacts, Template } from "./host/template.ts";

export interface HostOptions {
  readonly template: Template;
  /** Where the paths of the template's handlers begin. */
  readonly codeRoot: string;
  /** What a function's environment has besides the template's, or instead of it. */
  readonly environmentOf: (facts: FunctionFacts) => Readonly<Record<string, string>>;
  /** Receives what functions print. */
  readonly log: (text: string) => void;
  readonly onAnswer?: GatewayOptions["onAnswer"];
}

/** A running local cloud: an HTTP API, Lambda's Invoke API on a free port of 127.0.0.1, and the schedules. */
export interface Host {
  /** Serves HTTP; for a server of the caller's. */
  readonly listener: RequestListener;
  readonly invokeUrl: string;
  /** Invokes a function asynchronously by its logical id, as a schedule does; undefined when the event was dropped. */
  invoke(functionId: string, event: string): Promise<Outcome | undefined>;
  /** Starts the schedules, each with one event at once. */
  startSchedules(): void;
  close(): Promise<void>;
}

/** Serves a template's functions as AWS would: each instance a thread with the built bundle. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { template, codeRoot, log, onAnswer = () => undefined } = options;
  const pools = new Map<string, LambdaPool>();
  const invokeServer = createServer(invokeApi((name) => [...pools.values()].find(({ facts }) => facts.name === name)));
  invokeServer.listen(0, "127.0.0.1");
  await once(invokeServer, "listening");
  const invokeUrl = `http://127.0.0.1:${(invokeServer.address() as AddressInfo).port}`;
  for (const facts of template.functions) {
    const env = { ...lambdaEnvironment(facts, invokeUrl), ...facts.environment, ...options.environmentOf(facts) };
    pools.set(facts.logicalId, new LambdaPool(facts, { codeRoot, env, log }));
  }
  const poolOf = (functionId: string): LambdaPool => pools.get(functionId)!;
  const invoke = (functionId: string, event: string) =>
    poolOf(functionId)
      .invokeAsync(event)
      .catch(() => undefined);
  let stopSchedules = (): void => undefined;
  return {
    listener: httpGateway({ routes: template.routes, poolOf, onAnswer }),
    invokeUrl,
    invoke,
    startSchedules: () => {
      stopSchedules = startSchedules(template.schedules, ({ functionId }, event) => void invoke(functionId, event));
    },
    close: async () => {
      stopSchedules();
      await closeServer(invokeServer);
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

/** What Lambda's runtime sets; the SDK finds the local Invoke API here and signs with keys that nobody checks. */
function lambdaEnvironment({ name, memoryMb, module, handler }: FunctionFacts, invokeUrl: string): Record<string, string> {
  return {
    ...pick(["PATH", "HOME", "TZ", "LANG"]),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    _HANDLER: `${module}.${handler}`,
    AWS_REGION: "local",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_LAMBDA: invokeUrl,
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
