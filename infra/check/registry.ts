import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import * as z from "zod";
import type { ManifestEntry } from "../../shared/domain/protocol.ts";
import { chosenDriver } from "../build.ts";
import { ROOT } from "../root.ts";
import { synthesise } from "../local/start/synthesise.ts";
import { checkParams } from "./params.ts";

/** The workflows of a service cannot be loaded: no poller would run anything. */
export class UnloadableWorkflowsError extends Error {
  override readonly name = "UnloadableWorkflowsError";

  constructor(problem: string) {
    super(`The workflows cannot be loaded: ${problem}`);
  }
}

/** What tells of a function in the template whether it is a poller, and what it starts with. */
const Poller = z.object({
  Handler: z.string(),
  Environment: z.object({ Variables: z.looseObject({ BATON_POLLER_TIMEOUT_SECONDS: z.unknown() }) }),
});
const Document = z.object({ Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.unknown().optional() })) });

const LOADS_WITHIN_MS = 60_000;

/**
 * Loads the workflows as each poller of a package does: from its bundle, with its environment.
 * Gives the manifest. Throws UnloadableWorkflowsError.
 *
 * templateFile: the synthesised template; bundles: the folder of the built functions.
 */
export async function checkRegistry({
  templateFile,
  bundles,
}: {
  readonly templateFile: string;
  readonly bundles: string;
}): Promise<readonly ManifestEntry[]> {
  const { Resources } = Document.parse(JSON.parse(readFileSync(templateFile, "utf8")));
  const manifest = new Map<string, ManifestEntry>();
  for (const { Properties } of Object.values(Resources)) {
    const { data: poller } = Poller.safeParse(Properties);
    if (poller?.Environment.Variables.BATON_POLLER_TIMEOUT_SECONDS === undefined) continue;
    const file = join(bundles, `${basename(poller.Handler).split(".")[0]}.mjs`);
    const { wrong, manifest: lines = [] } = await load(file, environmentOf(poller.Environment.Variables));
    if (wrong !== undefined) throw new UnloadableWorkflowsError(wrong);
    for (const line of lines) manifest.set(`${line.name} ${line.version}`, line);
  }
  return [...manifest.values()];
}

/** What only AWS will know, such as the ARN of a role, stands in as one of nobody. */
function environmentOf(variables: Readonly<Record<string, unknown>>): Record<string, string> {
  const known = (value: unknown) => typeof value === "string" || typeof value === "number";
  const standIn = (name: string) => (name.endsWith("_URL") ? "https://unknown.invalid" : "arn:aws:unknown");
  const entries = Object.entries(variables).map(([name, value]) => [name, known(value) ? String(value) : standIn(name)]);
  return { ...process.env, DATABASE_URL: "", ...Object.fromEntries(entries) };
}

/** What is wrong, or what there is. */
interface Loaded {
  readonly wrong?: string;
  readonly manifest?: readonly ManifestEntry[];
}

/** In a thread, since what the author's files do when they are imported must not touch us. */
async function load(file: string, env: Record<string, string>): Promise<Loaded> {
  const program = new URL("./load-registry.mjs", import.meta.url);
  const thread = new Worker(program, { workerData: pathToFileURL(file).href, env, execArgv: [], stdout: true, stderr: true });
  const late = setTimeout(() => void thread.terminate(), LOADS_WITHIN_MS);
  try {
    const ended = once(thread, "exit").then(([code]) => ({
      wrong: `loading them ended with exit code ${code}, or was not over in a minute.`,
    }));
    return await Promise.race([once(thread, "message").then(([loaded]) => loaded as Loaded), ended]);
  } catch (thrown) {
    return { wrong: String(thrown) };
  } finally {
    clearTimeout(late);
    await thread.terminate();
  }
}

if (import.meta.main) {
  try {
    checkParams();
    const { templateFile, folder } = await synthesise(join(ROOT, "dist/check"), { driver: chosenDriver(process.env) });
    await checkRegistry({ templateFile, bundles: join(folder, "dist/functions") });
    console.log("The workflows can be loaded.");
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
