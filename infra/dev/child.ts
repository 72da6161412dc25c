// The process of a service in `dev`: its API and its poller. It says by a message that it serves.
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { PackagesMissingError, runPoller, serve } from "../../shared/node.ts";
import type { Keeping } from "../../shared/lambda/chores.ts";
import type { Service } from "../../shared/lambda/service.ts";

// A message, since others can read the arguments and the environment of a process.
const told = once(process, "message");
process.send!({ listens: true });
const [{ entry, key, port }] = (await told) as [{ entry: string; key: string; port: number }];

try {
  const service = (await import(pathToFileURL(entry).href)) as Service & Keeping;
  if (!Array.isArray(service.workflows)) throw new Error(`It exports no list of workflows: export const workflows = [ … ].`);
  const { workflows, redact, retention, archive } = service;
  const poller = runPoller({ workflows, redact, retention, archive, grace: "2 seconds", pollEvery: "1 second" });
  const missing = await serve({ workflows, redact, port, stacks: true, nudge: poller.nudge, apiKeys: [{ name: "local", key }] }).then(
    () => undefined,
    (thrown: unknown) => {
      // Workflows run without it, and the command line needs none.
      if (!(thrown instanceof PackagesMissingError)) throw thrown;
      return thrown.message;
    },
  );
  process.send!({ workflows: workflows.map(({ name }) => name), missing });
} catch (thrown) {
  console.error(thrown);
  process.send!({ problem: `The service cannot start: ${(thrown as Error).message}` }, () => process.exit(1));
}

// The end of `dev`, however it comes, is the end of this.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
