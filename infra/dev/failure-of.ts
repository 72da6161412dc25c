import { spawnSync } from "node:child_process";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A module that hangs is not waited for. */
const ENDS_WITHIN_MS = 10_000;

/** Why a module could not be imported: `file:line:column: message` where its place is known. */
export function failureOf(thrown: unknown, module: string, project: string): string {
  if (!(thrown instanceof Error)) return `${module} throws ${JSON.stringify(thrown)}, which is no error.`;
  const place = placeIn(thrown.stack ?? "", project) ?? (thrown instanceof SyntaxError ? placeIn(uncaught(module), project) : undefined);
  return place === undefined ? thrown.message : `${place}: ${thrown.message}`;
}

/**
 * What Node prints of a module that cannot be imported: only there it says where the mistake in its
 * syntax is. Such a module runs nothing.
 */
function uncaught(module: string): string {
  const program = `await import(${JSON.stringify(pathToFileURL(module).href)})`;
  const args = [...process.execArgv, "--input-type=module", "--eval", program];
  return spawnSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"], timeout: ENDS_WITHIN_MS }).stderr;
}

/** At the end of a line of a stack; the column is missing above a line of code. */
const PLACE = /(file:\/\/\S+?|(?:[A-Za-z]:)?[\\/][^()]*?):(\d+)(?::(\d+))?\)?$/;

/** The first place of a stack that lies in a file of the project's own. */
function placeIn(stack: string, project: string): string | undefined {
  const lines = stack.split("\n");
  for (const [index, line] of lines.entries()) {
    const [, named = "", row, column] = PLACE.exec(line) ?? [];
    const file = relative(project, named.startsWith("file:") ? fileURLToPath(named) : named);
    if (row === undefined || isAbsolute(file) || /^\.\.|(^|[\\/])(node_modules|\.baton)[\\/]/.test(file)) continue;
    return `${file}:${row}:${column ?? Math.max(1, (lines[index + 2] ?? "").indexOf("^") + 1)}`;
  }
  return undefined;
}
