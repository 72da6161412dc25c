import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import type { Bundle } from "../build.ts";

const KILOBYTES: Readonly<Record<string, number>> = { "enqueue-run": 116 };

/**
 * What a bundle may weigh, gzipped, with Neon's driver and without the examples, in bytes: 125 KB,
 * but for the one that stores runs, for which producers wait. The poller came to 121 with children
 * and undo, and to 123 with items as runs and queues; the one that shows runs to 120.
 */
export function budgetOf(name: string): number {
  return (KILOBYTES[name] ?? 125) * 1024;
}

/** How many processes import a bundle, one after the other; the median of them counts. */
const IMPORTS = 5;

const IMPORT = "const [, url] = process.argv; const from = performance.now(); await import(url); console.log(performance.now() - from);";

/**
 * How long a fresh process takes to import a bundle, in milliseconds: what Baton itself adds to a
 * cold start, on this machine.
 */
export function importMs(file: string): number {
  const once = () => {
    const args = ["--input-type=module", "--eval", IMPORT, pathToFileURL(file).href];
    return Number(execFileSync(process.execPath, args, { encoding: "utf8" }));
  };
  return Array.from({ length: IMPORTS }, once).sort((one, other) => one - other)[Math.floor(IMPORTS / 2)]!;
}

/**
 * A row for each bundle; `bare` are the same bundles without the examples, and those are what the
 * budget is for. What handlers import late has none.
 */
export function reportOf(bundles: readonly Bundle[], bare: readonly Bundle[]): Record<string, Record<string, string>> {
  const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;
  const rowOf = ({ name, file, bytes, gzipped }: Bundle) => {
    const without = bare.find((each) => each.name === name);
    return {
      raw: kilobytes(bytes),
      gzipped: kilobytes(gzipped),
      "without examples": without === undefined ? "–" : kilobytes(without.gzipped),
      budget: without === undefined ? "–" : kilobytes(budgetOf(name)),
      import: `${importMs(file).toFixed(0)} ms`,
    };
  };
  return Object.fromEntries(bundles.map((bundle) => [bundle.name, rowOf(bundle)]));
}
