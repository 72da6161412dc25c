import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("late-relay-process.ts", import.meta.url));

/** A relay in front of a port of 127.0.0.1, by which that is as far away as delayMs. */
export async function startLateRelay(port: number, delayMs: number) {
  const child = fork(script, [`${port}`, `${delayMs}`]);
  const [{ port: near }] = (await once(child, "message")) as [{ port: number }];
  return {
    /** The same address, by way of the relay. */
    urlOf(url: string): string {
      const away = new URL(url);
      away.port = `${near}`;
      return away.href;
    },
    async stop(): Promise<void> {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
