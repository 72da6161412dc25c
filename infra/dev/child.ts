// The process of a service in `dev`: its API and its poller. It says by a message that it serves.
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { PackagesMissingError, runPoller, serve, type RunningPoller } from "../../shared/node.ts";
import type { Keeping } from "../../shared/lambda/chores.ts";
import type { Service } from "../../shared/lambda/service.ts";
import { manifestOf, replaceHooksIfOwner } from "../migrate/hooks.ts";
import { explainRefusal, PortForbiddenError, PortTakenError } from "../local/start/open-port.ts";
import { exampleInput } from "./example-input.ts";
import { failureOf } from "./failure-of.ts";
import type { Failure, Served } from "./service-process.ts";

// A message, since others can read the arguments and the environment of a process.
const told = once(process, "message");
process.send!({ listens: true });
const [{ module, key, ticketKeys, port }] = (await told) as [{ module: string; key: string; ticketKeys: string; port: number }];

try {
  const service = (await import(pathToFileURL(module).href)) as Service & Keeping;
  if (!Array.isArray(service.workflows)) throw new Error(`It exports no list of workflows: export const workflows = [ … ].`);
  await sayHooks(service);
  process.send!(await begin(service));
} catch (thrown) {
  console.error(thrown);
  process.send!(describe(thrown), () => process.exit(1));
}

/** Whatever was said of them before: the sources are what holds. */
async function sayHooks({ workflows }: Service): Promise<void> {
  const { DATABASE_URL: url, BATON_SCHEMA: schema = "baton" } = process.env;
  if (url) await replaceHooksIfOwner({ url, schema, manifest: manifestOf(workflows) });
}

async function begin({ workflows, redact, retention, archive }: Service & Keeping): Promise<Served> {
  let poller: RunningPoller | undefined;
  const nudge = async () => poller?.nudge();
  // First, since a run that begins here is lost for a while where the port turns out to be taken.
  const api = await serve({ workflows, redact, ticketKeys, port, stacks: true, nudge, apiKeys: [{ name: "local", key }] }).then(
    ({ address }) => ({ address }),
    (thrown: unknown) => {
      // Workflows run without it, and the command line needs none.
      if (!(thrown instanceof PackagesMissingError)) throw explainRefusal(thrown, port, (other) => `npx pgbaton dev --port ${other}`);
      return { missing: thrown.message };
    },
  );
  const publicUrl = "address" in api ? api.address : undefined;
  poller = runPoller({ workflows, redact, ticketKeys, publicUrl, retention, archive, grace: "2 seconds", pollEvery: "1 second" });
  const shown = workflows.map(async (workflow) => ({
    name: workflow.name,
    version: workflow.version,
    example: await exampleInput(workflow),
  }));
  return { workflows: await Promise.all(shown), ...api };
}

function describe(thrown: unknown): Failure {
  if (thrown instanceof PortTakenError || thrown instanceof PortForbiddenError) return { problem: thrown.message, isOfThePort: true };
  return { problem: `The service cannot start: ${failureOf(thrown, module, process.cwd())}` };
}

// The end of `dev`, however it comes, is the end of this.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
