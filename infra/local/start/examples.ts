import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { ROOT } from "../../root.ts";
import type { Api } from "./api.ts";

/** Prints `[[workflow, input], …]` to the descriptor 3. */
const INPUTS = join(ROOT, "examples/inputs.ts");
/** A request for the reader to copy. */
const TRY_IT = join(ROOT, "examples/try-it.json");
const ENDS_WITHIN_MS = 20_000;

export interface ExampleRequest {
  readonly workflow: string;
  readonly body: unknown;
}

/**
 * Enqueues one run of each example that is still in the registry; returns their workflows and ids.
 * Without the folder `examples` there are none.
 *
 * Their inputs come from a process of its own: what the author's files do when they are imported
 * must not touch the host.
 */
export async function enqueueExamples(api: Api, say: (line: string) => void): Promise<{ workflow: string; id: string }[]> {
  const inputs = existsSync(INPUTS) ? await exampleInputs() : [];
  if (inputs === undefined) say("No example is enqueued: the workflows could not be imported. The error is above.");
  const runs: { workflow: string; id: string }[] = [];
  for (const [workflow, input] of inputs ?? []) runs.push({ workflow, id: await api.enqueue(workflow, input) });
  return runs;
}

export function exampleRequest(): ExampleRequest | undefined {
  return existsSync(TRY_IT) ? (JSON.parse(readFileSync(TRY_IT, "utf8")) as ExampleRequest) : undefined;
}

async function exampleInputs(): Promise<[workflow: string, input: unknown][] | undefined> {
  const child = spawn(process.execPath, [INPUTS], { stdio: ["ignore", "ignore", "inherit", "pipe"], timeout: ENDS_WITHIN_MS });
  let text = "";
  (child.stdio[3] as Readable).setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(child, "close");
  return text === "" ? undefined : (JSON.parse(text) as [string, unknown][]);
}
