import { once } from "node:events";
import { createServer } from "node:http";

/** Where the poller listens for an Invoke: chosen by whoever starts the processes. */
const invokePort = Number(process.env["BENCH_INVOKE_PORT"] ?? 0);

/**
 * Stands in for the asynchronous Invoke of a Lambda: answered before the poller has done anything.
 */
export async function nudge(): Promise<void> {
  if (invokePort !== 0) await fetch(`http://127.0.0.1:${invokePort}/`, { method: "POST" });
}

/** One invocation after the other, as long as the measurement lasts. */
export function pollAgain(poll: () => Promise<unknown>) {
  const ending = new AbortController();
  const again = async (): Promise<void> => {
    await poll();
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!ending.signal.aborted) await again();
  };
  const over = again();
  return {
    async stop() {
      ending.abort();
      await over;
    },
  };
}

/**
 * A warm instance: one invocation at a time, and one more after it for all nudges that came
 * meanwhile.
 */
export async function pollWhenInvoked(poll: () => Promise<unknown>) {
  let running: Promise<void> | undefined;
  let again = false;
  const work = async () => {
    do {
      again = false;
      await poll();
    } while (again);
    running = undefined;
  };
  const server = createServer((_request, response) => {
    response.writeHead(202).end();
    again = true;
    running ??= work();
  });
  server.listen(invokePort, "127.0.0.1");
  await once(server, "listening");
  return {
    async stop() {
      server.closeAllConnections();
      server.close();
      await running;
    },
  };
}
