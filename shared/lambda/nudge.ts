import type { Logger } from "../domain/node.ts";
import { loggable } from "./loggable.ts";

const timeoutMs = 2_000;

/** What a nudge says to the poller, and how the poller knows it from its schedule. */
const NUDGE = JSON.stringify({ nudged: true });

export function isNudge(event: unknown): boolean {
  return typeof event === "object" && event !== null && (event as { nudged?: unknown }).nudged === true;
}

/**
 * Makes what wakes the poller at once: an asynchronous Invoke, awaited, because what is not awaited is lost when the function
 * freezes. It never throws: the schedule finds the runs a minute later. Without a name there is nothing to wake.
 */
export function createNudge(functionName: string | undefined, logger: Logger): () => Promise<void> {
  if (functionName === undefined) return async () => {};
  let lambda: ReturnType<typeof openLambda> | undefined;
  return async () => {
    try {
      const { client, InvokeCommand } = await (lambda ??= openLambda());
      const command = new InvokeCommand({ FunctionName: functionName, InvocationType: "Event", Payload: NUDGE });
      await client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
    } catch (thrown) {
      logger.warn("the poller could not be nudged; its schedule will find the runs", { error: loggable(thrown) });
    }
  };
}

/** Loaded with the first nudge, so that a function that has nobody to wake starts without it. */
async function openLambda() {
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  return { client: new LambdaClient({ maxAttempts: 2 }), InvokeCommand };
}
