import type { Logger } from "../domain/node.ts";
import { hintText } from "../domain/wake-hint.ts";
import type { WakeBoard } from "../engine/poll/idle-gate.ts";
import { errorFields } from "./error-fields.ts";

const timeoutMs = 2_000;

/** What a nudge says to the poller, and how the poller knows it from its schedule. */
const NUDGE = JSON.stringify({ nudged: true });

export function isNudge(event: unknown): boolean {
  return typeof event === "object" && event !== null && (event as { nudged?: unknown }).nudged === true;
}

/**
 * Makes what wakes pollers at once: an asynchronous Invoke for each, awaited, because what is not
 * awaited is lost when the function freezes. It never throws: the schedule finds the runs a minute
 * later, once the idle gate, if there is one, was opened for it. Without a name there is nothing to
 * wake.
 */
export function createNudge(functionName: string | undefined, logger: Logger, gate?: WakeBoard): (pollers: number) => Promise<void> {
  if (functionName === undefined) return async () => {};
  let lambda: ReturnType<typeof openLambda> | undefined;
  return async (pollers) => {
    try {
      const { client, InvokeCommand } = await (lambda ??= openLambda());
      const command = () => new InvokeCommand({ FunctionName: functionName, InvocationType: "Event", Payload: NUDGE });
      const wake = () => client.send(command(), { abortSignal: AbortSignal.timeout(timeoutMs) });
      await Promise.all(Array.from({ length: pollers }, wake));
    } catch (thrown) {
      logger.warn("the poller could not be nudged; its schedule will find the runs", { error: errorFields(thrown) });
      if (gate !== undefined) await open(gate, logger);
    }
  };
}

/**
 * Says that something is due now, in the name of a code that knows nothing: no poller rests on
 * that.
 */
async function open(gate: WakeBoard, logger: Logger): Promise<void> {
  const now = Date.now();
  try {
    await gate.write(hintText({ wakeAt: now, saidAt: now, knows: "" }));
  } catch (thrown) {
    logger.error("the idle gate could not be opened; the runs may wait for an hour", { error: errorFields(thrown) });
  }
}

/** Loaded with the first nudge, so that a function that has nobody to wake starts without it. */
async function openLambda() {
  const { InvokeCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
  return { client: new LambdaClient({ maxAttempts: 2 }), InvokeCommand };
}
