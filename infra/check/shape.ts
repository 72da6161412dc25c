import { codeOf, type Source } from "./sources.ts";

const MOST_LINES = 250;
const MOST_LINES_OF_A_FUNCTION = 40;

/** Words that have a better one in ARCHITECTURE.md's glossary. */
const FORBIDDEN = new Map([
  ["job", "run"],
  ["task", "run"],
  ["execution", "run"],
  ["worker", "poller"],
  ["consumer", "workflow"],
  ["activity", "step"],
  ["stage", "node"],
  ["kick", "nudge"],
  ["suspend", "park"],
  ["ownership", "lease"],
  ["cron", "schedule"],
]);

/** Settings of AWS, of the operating system and of Node keep their own words. */
const FOREIGN = new Set(["BATON_STAGE", "stage", "Worker", "WorkerOptions", "workerData"]);

const WIDEST_COMMENT = 100;

/** Migrations that are older than the rule: what has been applied stays as it is. */
const OLDER = /\/migrations\/(0001_run|0002_places|0003_satellites|0004_lean_rounds|0005_lists|0006_clock|0100_example)\.sql$/;

/**
 * Lines of comments that were not wrapped, as `file:line: columns`. Migrations are as they were
 * applied, fixtures copies.
 */
export function wideComments(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !OLDER.test(path) && !path.includes("/fixtures/"))
    .flatMap(({ path, text }) => {
      const comment = path.endsWith(".sql") ? /^\s*--/ : /^\s*(\/\/|\/?\*)/;
      return text
        .split("\n")
        .flatMap((line, n) => (line.length > WIDEST_COMMENT && comment.test(line) ? [`${path}:${n + 1}: ${line.length}`] : []));
    });
}

const DOCUMENTED = /(\/\*\*(?:(?!\*\/)[^])*\*\/)\n(?:export )?(?:interface (\w+)[^{;]*|type (\w+)[^={;]*= )\{\n([^]*?)\n\}/g;

/**
 * Members that are explained in the comment of their interface or type, not above their own line,
 * as `file: Type.member`.
 */
export function membersElsewhere(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.endsWith(".ts"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(DOCUMENTED)].flatMap(([, comment = "", one, other, body = ""]) => {
        const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = ""]) => member);
        return members
          .filter((member) => new RegExp(`(?<![\\w\`])${member}: `).test(comment))
          .map((member) => `${path}: ${one ?? other}.${member}`);
      }),
    );
}

/** Files that have grown too long, as `file: lines`. */
export function longFiles(sources: readonly Source[]): string[] {
  return sources
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ path, lines }) => lines > (path.startsWith("functions/") ? MOST_LINES_OF_A_FUNCTION : MOST_LINES))
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

/** What is wrong with the files of sql/functions, as `file: problem`. */
export function untidySqlFunctions(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith("sql/functions/"))
    .flatMap((source) => sqlProblems(source).map((problem) => `${source.path}: ${problem}`));
}

/** A function is named after what it does or returns: no participle, no preposition. */
const NO_VERB = /^(with|without|[a-z]+ed|fitting)(_|$)|_(of|among|to|again)$/;

/** Calls that read, write and answer no time. */
const ZONELESS = new Set(["new_id", "state"]);

/** Views have grants of their own: a function that reads nothing else needs no rights. */
const READS_A_TABLE = /\b(from|into|update|join)\s+baton\.(?!(runs|steps|failures|backlog)\b)/i;

function sqlProblems(source: Source): string[] {
  const name = source.path.replace(/^.*\/|\.sql$/g, "");
  const code = codeOf(source);
  const created = [...code.matchAll(/\bcreate or replace function\s+([\w.]+)/gi)].map(([, found]) => found);
  return [
    ...(/^-- [A-Z]/.test(source.text) ? [] : ["begins without a comment that says what it does"]),
    ...(created.length === 1 ? [] : [`creates ${created.length} functions: write one a file`]),
    ...(NO_VERB.test(name) ? [`is named ${name}: say what it does`] : []),
    ...(created[0] === `baton.${name}` ? [] : [`creates ${created[0]}: name the file after it`]),
    ...(!/\bsecurity definer\b/i.test(code) || /\bset search_path = pg_catalog, baton, pg_temp\b/.test(code)
      ? []
      : ["is SECURITY DEFINER without: set search_path = pg_catalog, baton, pg_temp"]),
    ...(!/\bsecurity definer\b/i.test(code) || /\bset timezone = /.test(code) || ZONELESS.has(name)
      ? []
      : ["is SECURITY DEFINER without: set timezone = 'UTC'; its callers have zones of their own"]),
    ...(!/^-- grant:/m.test(source.text) || !READS_A_TABLE.test(code) || /\bsecurity definer\b/i.test(code)
      ? []
      : ["is granted and reads tables: callers have no rights on them, so it is SECURITY DEFINER"]),
  ];
}

/**
 * Identifiers and file names of shared/, functions/, sql/ and examples/ with a second word for a
 * concept, as `file: identifier (say …)`.
 */
export function secondWords(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => /^(shared|functions|sql|examples)\//.test(path))
    .flatMap((source) => {
      const identifiers = new Set(`${source.path.replaceAll(/[/.]/g, " ")} ${codeOf(source)}`.match(/[A-Za-z_][\w-]*/g));
      return [...identifiers].flatMap((identifier) => secondWord(source.path, identifier));
    });
}

function secondWord(path: string, identifier: string): string[] {
  if (FOREIGN.has(identifier)) return [];
  const words = identifier.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? [];
  const word = words.map((one) => one.toLowerCase().replace(/s$/, "")).find((one) => FORBIDDEN.has(one));
  return word === undefined ? [] : [`${path}: ${identifier} (say ${FORBIDDEN.get(word)})`];
}
