import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Mutant } from "./mutant.ts";

/** Why a mutant cannot be tried any more, as a sentence; undefined: it can. */
export function staleness(root: string, mutant: Mutant): string | undefined {
  const found = occurrences(join(root, mutant.file), mutant.find);
  if (found !== 1) return `"${mutant.name}": its text stands ${found} times in ${mutant.file}, not once. Mend the mutant.`;
  if ((mutant.caughtBy === undefined) === (mutant.harmless === undefined))
    return `"${mutant.name}": give it a test or a reason, one of them.`;
  if (mutant.caughtBy === undefined) return undefined;
  const { file, title } = mutant.caughtBy;
  if (occurrences(join(root, "test", file), title) > 0) return undefined;
  return `"${mutant.name}": test/${file} has no test "${title}". Name the test that catches it now.`;
}

function occurrences(file: string, text: string): number {
  return existsSync(file) ? readFileSync(file, "utf8").split(text).length - 1 : 0;
}
