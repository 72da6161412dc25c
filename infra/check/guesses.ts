import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Source } from "./sources.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The words that stand before the reason of a line that may stay: on the line itself, or on the one
 * before.
 */
const REASON = /\/\/ no guess: \S/;

interface Guess {
  readonly found: RegExp;
  readonly because: string;
}

const GUESSES: readonly Guess[] = [
  {
    found: /\bawait (?:pause|wait|sleep|setTimeout)\([\d_]/,
    because: "waits a fixed time: wait until the fact that is needed holds",
  },
  {
    found: /\bsetTimeout\((?:resolve|done|settle|\(\) => (?:resolve|done)\(\)), [\d_]/,
    because: "waits a fixed time: wait until the fact that is needed holds",
  },
  {
    found: /\bexpect\(.*(?:Date\.now\(\)|performance\.now\(\)|process\.hrtime)/,
    because: "expects something of the clock on the wall: move the time of the database or of the poller",
  },
  {
    found: /\bexpect\(\w*(?:elapsed|took|duration|(?<![A-Za-z])ms|Ms|late|seconds|Seconds)\b.*\)\.toBe(?:Less|Greater)Than/,
    because: "expects a time to be short or long: expect the order of what happened, or a count that cannot vary",
  },
  {
    found:
      /\bexpect\(.*(?:\bmet\b|\blost\b|\bbegun\b|\brounds\b|\btries\b|\bretries\b|\battempts\b|\bcalls\b|\basked\b).*\)\.toBe(?:Less|Greater)Than/,
    because: "expects how often something happened to be met: go on until it was, or count what cannot vary",
  },
];

/** The test files and what they use, without programs that nobody takes a verdict from. */
export function readTests(root = ROOT): Source[] {
  const paths = globSync("{test,examples/test}/**/*.ts", {
    cwd: root,
    exclude: ["test/{bench,nag,iam,storm,mutants}/**", "test/architecture/guesses.test.ts", "**/node_modules/**"],
  });
  return paths
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));
}

/** A pause at the end of a loop only says how often it looks. */
function looksAgain(lines: readonly string[], n: number): boolean {
  return /^\s*(?:while|for) \(/.test(lines[n]!) || /^\s*\}$/.test(lines[n + 1] ?? "");
}

/**
 * Lines whose verdict a slow machine may change, and reasons that stand where none is needed, as
 * `file:line: what`.
 */
export function guesses(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    const reasons = new Set(lines.flatMap((line, n) => (REASON.test(line) ? [n] : [])));
    const broken = lines.flatMap((line, n) => {
      const because = looksAgain(lines, n) ? [] : GUESSES.filter(({ found }) => found.test(line)).map((guess) => guess.because);
      const reason = [n, n - 1].find((at) => reasons.has(at));
      if (because.length === 0) return [];
      if (reason === undefined) return [`${path}:${n + 1}: ${because.join("; ")}`];
      reasons.delete(reason);
      return [];
    });
    return [...broken, ...[...reasons].map((n) => `${path}:${n + 1}: the next line needs no reason: remove it`)];
  });
}

if (import.meta.main) {
  const tests = readTests();
  const broken = guesses(tests);
  for (const line of broken) console.error(line);
  if (broken.length > 0) console.error("Mend each, or write above the line why its verdict is sure: // no guess: …");
  if (broken.length === 0) console.log(`${tests.length} files of tests leave no verdict to the speed of a machine.`);
  else process.exitCode = 1;
}
