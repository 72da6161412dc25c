import type { DevDatabase } from "./database.ts";
import type { Served, ServedWorkflow } from "./service-process.ts";

/**
 * What `dev` says once it serves: where, and lines to copy that work. entry: the module, where it
 * is not the one that commands take by themselves.
 */
export function bannerOf({ workflows, address, missing }: Served, key: string, database: DevDatabase, entry?: string): string[] {
  const tried = workflows.find(({ example }) => example !== undefined) ?? workflows[0];
  return [
    `Baton runs the workflows ${workflows.map(({ name }) => name).join(", ") || "(none)"}`,
    ...(address === undefined ? [`API       none. ${missing}`] : [`API       ${address}`, `API key   ${key}`]),
    `Database  ${database.description}`,
    "",
    ...(tried === undefined ? [] : ["Try it:", triggerLine(tried, entry)]),
    ...(tried === undefined || address === undefined ? [] : curlLines(tried, address, key)),
    "",
    "It starts again when a source changes; Ctrl-C ends it. What it logs is in .baton/functions.log. Times are UTC.",
    "",
  ];
}

function triggerLine({ name, version, example }: ServedWorkflow, entry: string | undefined): string {
  const data = quote(example === undefined ? `<the input of ${name}, as JSON>` : JSON.stringify(example));
  const of = entry === undefined ? "" : ` --entry ${quote(entry)}`;
  return `  npx pgbaton trigger ${name}${version === 1 ? "" : ` --workflow-version ${version}`}${of} --data ${data} --wait`;
}

function curlLines({ name, example }: ServedWorkflow, address: string, key: string): string[] {
  const authorized = `curl -s -H 'authorization: Bearer ${key}'`;
  const post = `-H 'content-type: application/json' -d ${quote(JSON.stringify({ input: example }))} ${address}/workflows/${name}/runs`;
  return [...(example === undefined ? [] : [`  ${authorized} ${post}`]), `  ${authorized} '${address}/runs?limit=10'`];
}

/** As one word of a shell. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
