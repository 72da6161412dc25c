import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { Context } from "aws-lambda";
import type { InstanceData, Invocation, Outcome } from "./lambda-instance.ts";

type Handler = (event: unknown, context: Context) => Promise<unknown>;

const { file, handler: exportName, functionName, functionArn, memoryMb } = workerData as InstanceData;
const loading = import(pathToFileURL(file).href) as Promise<Record<string, Handler | undefined>>;

parentPort?.on("message", (invocation: Invocation) => {
  void handle(invocation).then((outcome) => parentPort?.postMessage(outcome));
});

async function handle({ requestId, event, deadline }: Invocation): Promise<Outcome> {
  const loaded = await loading;
  try {
    const handler = loaded[exportName];
    if (handler === undefined) throw new TypeError(`${exportName} is not exported by ${file}`);
    const result = await handler(JSON.parse(event), contextOf(requestId, deadline));
    return { payload: JSON.stringify(result) ?? "null" };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    console.error(error);
    return { error: { errorType: error.name, errorMessage: error.message } };
  }
}

function contextOf(awsRequestId: string, deadline: number): Context {
  return {
    awsRequestId,
    functionName,
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryMb),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    // Node 24 on Lambda has none of these three any more; the types still ask for them.
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  };
}
