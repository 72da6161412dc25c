import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("endpoint-process.ts", import.meta.url));

/** A local Neon endpoint as far away as delayMs, in a process of its own, as Neon's proxy is. */
export async function startEndpoint(postgresPort: number, delayMs = 0) {
  const child = fork(script, [`${postgresPort}`, `${delayMs}`]);
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  return {
    url,
    async requests(): Promise<number> {
      child.send("count");
      const [{ requests }] = (await once(child, "message")) as [{ requests: number }];
      return requests;
    },
    async stop(): Promise<void> {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
