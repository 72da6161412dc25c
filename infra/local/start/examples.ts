import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Api } from "./api.ts";

const INPUTS = new URL("./example-inputs.ts", import.meta.url);
const ENDS_WITHIN_MS = 20_000;

/**
 * Enqueues one run of each example that is still in the registry; returns their workflows and ids.
 *
 * Their inputs come from a process of its own: what the author's files do when they are imported
 * must not touch the host.
 */
export async function enqueueExamples(api: Api, say: (line: string) => void): Promise<{ workflow: string; id: string }[]> {
  const inputs = await exampleInputs();
  if (inputs === undefined) say("No example is enqueued: the workflows could not be imported. The error is above.");
  const runs: { workflow: string; id: string }[] = [];
  for (const [workflow, input] of inputs ?? []) runs.push({ workflow, id: await api.enqueue(workflow, input) });
  return runs;
}

async function exampleInputs(): Promise<[workflow: string, input: unknown][] | undefined> {
  const child = spawn(process.execPath, [fileURLToPath(INPUTS)], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    timeout: ENDS_WITHIN_MS,
  });
  let text = "";
  (child.stdio[3] as Readable).setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  return text === "" ? undefined : (JSON.parse(text) as [string, unknown][]);
}
