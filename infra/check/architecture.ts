import { contractions } from "./expand.ts";
import { importsAgainstTheLayers, importsFromTheExamples } from "./imports.ts";
import { impurities } from "./purity.ts";
import { longFiles, membersElsewhere, secondWords, untidySqlFunctions, wideComments } from "./shape.ts";
import { readSources, type Source } from "./sources.ts";

/**
 * The rules of ARCHITECTURE.md that can be read off the text of the sources; each lists what breaks
 * it.
 */
export const RULES: Readonly<Record<string, (sources: readonly Source[]) => string[]>> = {
  "imports run one way, and only shared/db knows a driver": importsAgainstTheLayers,
  "clocks, chance and the outside stay out of where they must not be": impurities,
  "files are short": longFiles,
  "sql/functions has one documented function a file": untidySqlFunctions,
  "migrations only expand": contractions,
  "a concept has one word": secondWords,
};

/** Rules that the tests keep too. */
export const RULES_OF_ALL: typeof RULES = {
  "a line of a comment has at most 100 columns": wideComments,
  "each member is explained above its own line": membersElsewhere,
  "only shared/workflows/index.ts imports from examples, so that the folder can go": importsFromTheExamples,
};

if (import.meta.main) {
  const sources = readSources();
  const all = readSources({ tests: true });
  const broken = [RULES, RULES_OF_ALL].flatMap((rules) =>
    Object.entries(rules).flatMap(([rule, check]) => check(rules === RULES ? sources : all).map((line) => `${line}   [${rule}]`)),
  );
  for (const line of broken) console.error(line);
  if (broken.length === 0) console.log(`${all.length} files keep ${Object.keys({ ...RULES, ...RULES_OF_ALL }).length} rules.`);
  else process.exitCode = 1;
}
