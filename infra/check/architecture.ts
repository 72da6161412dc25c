import { contractions } from "./expand.ts";
import { importsAgainstTheLayers } from "./imports.ts";
import { impurities } from "./purity.ts";
import { longFiles, secondWords, untidySqlFunctions } from "./shape.ts";
import { readSources, type Source } from "./sources.ts";

/** The rules of ARCHITECTURE.md that can be read off the text of the sources; each lists what breaks it. */
export const RULES: Readonly<Record<string, (sources: readonly Source[]) => string[]>> = {
  "imports run one way, and only shared/db knows a driver": importsAgainstTheLayers,
  "clocks, chance and the outside stay out of where they must not be": impurities,
  "files are short": longFiles,
  "sql/functions has one documented function a file": untidySqlFunctions,
  "migrations only expand": contractions,
  "a concept has one word": secondWords,
};

if (import.meta.main) {
  const sources = readSources();
  const broken = Object.entries(RULES).flatMap(([rule, check]) => check(sources).map((line) => `${line}   [${rule}]`));
  for (const line of broken) console.error(line);
  if (broken.length === 0) console.log(`${sources.length} files keep ${Object.keys(RULES).length} rules.`);
  else process.exitCode = 1;
}
