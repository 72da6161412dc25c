// The runtime in an instance: loads the function that _HANDLER names and asks the Runtime API for
// one invocation after the other, as AWS's own runtime client for Node 24 does. It stands alone:
// nothing of Baton is in this process but the bundle.
import { Agent, request } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Context } from "aws-lambda";

type Handler = (event: unknown, context: Context) => unknown;

interface Answer {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

const env = process.env as Readonly<Record<string, string>>;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function call(method: "GET" | "POST", path: string, body?: string): Promise<Answer> {
  const url = `http://${env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime${path}`;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent }, (response) => {
      const headers = response.headers as Answer["headers"];
      response.toArray().then((chunks) => resolve({ headers, body: Buffer.concat(chunks as Buffer[]).toString() }), reject);
    });
    sent.on("error", reject).end(body);
  });
}

class RuntimeError extends Error {
  constructor(type: string, message: string) {
    super(message);
    this.name = `Runtime.${type}`;
  }
}

async function load(): Promise<Handler> {
  const [module = "", name = ""] = env["_HANDLER"]!.split(".");
  const file = join(env["LAMBDA_TASK_ROOT"]!, `${module}.mjs`);
  const loaded = (await import(pathToFileURL(file).href).catch((thrown: unknown) => {
    if ((thrown as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") throw thrown;
    throw new RuntimeError("ImportModuleError", (thrown as Error).message);
  })) as Record<string, Handler | undefined>;
  const handler = loaded[name];
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${env["_HANDLER"]} is undefined or not exported`);
  return handler;
}

/** An error for the Runtime API, and in the log. */
function described(what: string, thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const body = JSON.stringify({ errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split("\n") ?? [] });
  console.error(`${what}\t${body}`);
  return body;
}

async function handle(handler: Handler, { headers, body }: Answer): Promise<void> {
  const path = `/invocation/${headers["lambda-runtime-aws-request-id"]}`;
  failAt = `${path}/error`;
  try {
    const result = await handler(JSON.parse(body), contextOf(headers));
    await call("POST", `${path}/response`, JSON.stringify(result) ?? "null");
  } catch (thrown) {
    await call("POST", `${path}/error`, described("Invoke Error", thrown));
  }
}

/** What is left of an invocation when a test says that its deadline is near: it stays so. */
const NEAR_MS = 15_000;
let deadlineIsNear = false;
process.on("SIGALRM", () => {
  deadlineIsNear = true;
  console.log("the deadline is near");
});

// As on Node 24: what ended callbacks is gone.
function contextOf(headers: Answer["headers"]): Context {
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"]!,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"]!,
    functionName: env["AWS_LAMBDA_FUNCTION_NAME"]!,
    functionVersion: env["AWS_LAMBDA_FUNCTION_VERSION"]!,
    memoryLimitInMB: env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]!,
    logGroupName: env["AWS_LAMBDA_LOG_GROUP_NAME"]!,
    logStreamName: env["AWS_LAMBDA_LOG_STREAM_NAME"]!,
    getRemainingTimeInMillis: () => (deadlineIsNear ? NEAR_MS : Number(headers["lambda-runtime-deadline-ms"]) - Date.now()),
  } as Context;
}

// AWS's runtime client has these two listeners: each posts the error, and ends the process.
process.on("uncaughtException", (error) => void die(error, 129));
process.on("unhandledRejection", (reason) => void die(new RuntimeError("UnhandledPromiseRejection", String(reason)), 128));

let failAt = "/init/error";
async function die(thrown: Error, code: number): Promise<void> {
  await call("POST", failAt, described("Uncaught Exception", thrown)).catch(() => undefined);
  process.exit(code);
}

const handler = await load().catch(async (thrown: unknown) => {
  await call("POST", "/init/error", described("Init Error", thrown));
  process.exit(1);
});
for (;;) await handle(handler, await call("GET", "/invocation/next"));
