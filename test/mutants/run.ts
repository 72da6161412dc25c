// `npm run test:mutants`: each mutant of the list in a copy of the tree, against the one test that
// must notice it.
// Words after `--` choose the mutants whose name or file contains one of them.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { MUTANTS } from "./list.ts";
import type { Catcher, Mutant } from "./mutant.ts";
import { type Ran, runTests } from "./run-tests.ts";
import { staleness } from "./stale.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LEFT_OUT = /(^|\/)(node_modules|\.git|\.baton|\.serverless|dist|coverage|reports)(\/|$)/;

/**
 * The words in which Postgres and Node say that a mutant is no program: it would be caught by any
 * test.
 */
const NO_PROGRAM = /syntax error|SyntaxError|ReferenceError|(column|function|relation) .* does not exist/;

function copyOfTheTree(): string {
  const folder = mkdtempSync(join(tmpdir(), "baton-mutants-"));
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.test(relative(ROOT, path).replaceAll("\\", "/")) });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function of({ file, title }: Catcher, ran: readonly Ran[]): Ran[] {
  return ran.filter((test) => test.file.endsWith(`test/${file}`) && test.title.includes(title));
}

/** Why this mutant's test proves nothing without it; undefined: the test passes. */
function before(mutant: Mutant, ran: readonly Ran[]): string | undefined {
  if (mutant.caughtBy === undefined) return undefined;
  const own = of(mutant.caughtBy, ran);
  if (own.length === 0) return `the test "${mutant.caughtBy.title}" did not run`;
  return own.some(({ failed }) => failed) ? `the test "${mutant.caughtBy.title}" fails without it` : undefined;
}

/** What came of a mutant: undefined when its test noticed it, else what to know. */
function tried(folder: string, mutant: Mutant, caughtBy: Catcher): string | undefined {
  const path = join(folder, mutant.file);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(mutant.find, () => mutant.replace),
  );
  const own = of(caughtBy, runTests(folder, [caughtBy.file], [caughtBy.title]));
  writeFileSync(path, text);
  if (own.length === 0) return "the test did not run: the mutant is no program";
  const failed = own.filter(({ failed }) => failed);
  if (failed.length === 0) return `SURVIVED ${caughtBy.file}: "${caughtBy.title}"`;
  return failed.every(({ messages }) => NO_PROGRAM.test(messages)) ? `it is no program: ${failed[0]!.messages.slice(0, 300)}` : undefined;
}

function tryAll(folder: string, mutants: readonly Mutant[]): number {
  const catchers = mutants.flatMap(({ caughtBy }) => caughtBy ?? []);
  const unharmed = runTests(folder, [...new Set(catchers.map(({ file }) => file))], [...new Set(catchers.map(({ title }) => title))]);
  let caught = 0;
  let answered = 0;
  for (const mutant of mutants) {
    const problem = staleness(folder, mutant) ?? before(mutant, unharmed) ?? (mutant.caughtBy && tried(folder, mutant, mutant.caughtBy));
    if (problem === undefined && mutant.caughtBy === undefined) answered++;
    else if (problem === undefined) caught++;
    console.log(
      problem === undefined ? `ok ${mutant.name}${mutant.harmless ? `: ${mutant.harmless}` : ""}` : `!! ${mutant.name}: ${problem}`,
    );
  }
  console.log(`${mutants.length} mutants: ${caught} caught, ${answered} answered`);
  return mutants.length - caught - answered;
}

const words = process.argv.slice(2);
const chosen = MUTANTS.filter(({ name, file }) => words.length === 0 || words.some((word) => `${file} ${name}`.includes(word)));
if (chosen.length === 0) {
  console.error(`No mutant has any of these words in its file or name: ${words.join(", ")}.`);
  process.exit(1);
}
setPriority(10);
const folder = copyOfTheTree();
try {
  process.exitCode = tryAll(folder, chosen) === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
