/** What Lambda's Node runtime does, in short: loads the handler once, then asks for one invocation after the other. */
import { pathToFileURL } from "node:url";

const api = `http://${process.env["AWS_LAMBDA_RUNTIME_API"]}/2018-06-01/runtime`;
const post = (path: string, body: unknown) => fetch(`${api}/${path}`, { method: "POST", body: JSON.stringify(body ?? null) });
const errorOf = (thrown: unknown) => {
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { errorType: name, errorMessage: message };
};

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

async function load(): Promise<Handler> {
  const [module, name] = process.env["_HANDLER"]!.split(".") as [string, string];
  const loaded = (await import(pathToFileURL(`${process.env["LAMBDA_TASK_ROOT"]}/${module}.mjs`).href)) as Record<string, Handler>;
  if (loaded[name] === undefined) throw new TypeError(`${name} is not exported by ${module}`);
  return loaded[name];
}

async function next(handler: Handler): Promise<void> {
  const response = await fetch(`${api}/invocation/next`);
  const id = response.headers.get("lambda-runtime-aws-request-id")!;
  const deadline = Number(response.headers.get("lambda-runtime-deadline-ms"));
  const context = {
    awsRequestId: id,
    invokedFunctionArn: response.headers.get("lambda-runtime-invoked-function-arn"),
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  try {
    const answer = await handler(await response.json(), context);
    await post(`invocation/${id}/response`, answer);
  } catch (thrown) {
    await post(`invocation/${id}/error`, errorOf(thrown));
  }
}

try {
  const handler = await load();
  for (;;) await next(handler);
} catch (thrown) {
  await post("init/error", errorOf(thrown)).catch(() => undefined);
  process.exit(1);
}
