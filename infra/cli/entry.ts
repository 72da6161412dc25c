import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyWorkflow } from "../../shared/domain/workflow-types.ts";
import { bundleEntry } from "../dev/bundle-entry.ts";
import { CommandError, EXIT } from "./exit-codes.ts";

/** What a module says of its service. */
export interface Entry {
  /** The module, as it was named. */
  readonly name: string;
  readonly workflows: readonly AnyWorkflow[];
}

/** What `dev` and `trigger` look for, in this order. */
const ENTRIES = ["ts", "mts", "js", "mjs", "cjs"].map((ending) => `baton/index.${ending}`);

/** The module that `dev` takes where nobody names one; undefined where there is none. */
export function defaultEntry(): string | undefined {
  return ENTRIES.find((name) => existsSync(name));
}

/**
 * The workflows of a module in this folder, bundled as `dev` does it; url: the database, which the
 * module may ask for as it is loaded. Throws CommandError.
 */
export async function loadEntry(name: string, url: string): Promise<Entry> {
  const file = resolve(name);
  if (!existsSync(file)) throw new CommandError(EXIT.usage, `There is no file ${name}: --entry takes the module that exports workflows.`);
  process.env["DATABASE_URL"] = url;
  const { workflows } = await inFolder((folder) => load(name, file, folder));
  if (!Array.isArray(workflows))
    throw new CommandError(EXIT.usage, `${name} exports no list of workflows: export const workflows = [ … ].`);
  return { name, workflows: workflows as AnyWorkflow[] };
}

/** A folder in the project, whose packages a bundle finds from there; it goes afterwards. */
async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  mkdirSync(".baton", { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(resolve(".baton", "entry-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(name: string, file: string, folder: string): Promise<{ readonly workflows?: unknown }> {
  const { module } = await bundleEntry(file, folder);
  try {
    return (await import(pathToFileURL(module).href)) as { readonly workflows?: unknown };
  } catch (cause) {
    throw new CommandError(EXIT.failure, `${name} does not load: ${(cause as Error).message}`, { cause });
  }
}

/** The newest version of a workflow, or the one that is named. Throws CommandError. */
export function workflowIn({ name: entry, workflows }: Entry, name: string, version: number | undefined): AnyWorkflow {
  const versions = workflows.filter((workflow) => workflow.name === name).toSorted((a, b) => b.version - a.version);
  const found = version === undefined ? versions[0] : versions.find((workflow) => workflow.version === version);
  if (found !== undefined) return found;
  const [what, has] =
    versions.length === 0
      ? [`workflow ${name}`, workflows.map((workflow) => workflow.name)]
      : [`version ${version} of ${name}`, versions.map((workflow) => workflow.version)];
  throw new CommandError(EXIT.usage, `${entry} has no ${what}; it has ${[...new Set<string | number>(has)].join(", ") || "none"}.`);
}
