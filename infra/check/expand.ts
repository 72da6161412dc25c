import { codeOf, type Source } from "./sources.ts";

/**
 * What takes something away from code of before, which goes on working while and after a migration
 * runs.
 */
const CONTRACTIONS: readonly (readonly [RegExp, string])[] = [
  [/\bdrop\s+(table|schema|view|materialized|type|domain|function|sequence|column)\b/, "drops what older code uses"],
  [/^alter table .*\bdrop\s+(?!column\b|constraint\b|default\b|not null\b|expression\b|identity\b)\w/, "drops what older code uses"],
  [/\brename\b|\bset schema\b/, "renames what older code uses"],
  [/\balter\s+(column\s+)?\w+\s+(set data\s+)?type\b/, "changes the type of a column"],
  [/\bset not null\b/, "refuses rows that older code writes"],
  [/\badd\s+(constraint|check|unique|primary|foreign|exclude)\b|^create unique index\b/, "refuses rows that older code writes"],
  [
    /\badd\s+(?:column\s+)?(?:if not exists\s+)?\w+\s(?=[^,]*\bnot null\b)(?![^,]*\b(?:default|generated)\b)/,
    "refuses rows that older code writes",
  ],
  [/\btruncate\b|\bdelete from\b/, "deletes rows that older code reads"],
];

/**
 * Statements that look like contractions and are none, by the beginning of their text, each with
 * its reason.
 */
const HARMLESS = new Map([
  ["alter table baton.checkpoint alter column node type text collate", "same type and values; older functions compare them with = alone"],
  ["alter table baton.failure alter column node type text collate", "same type and values; older functions compare them with = alone"],
]);

/** Statements of migrations that older code might not survive, as `file: statement (why)`. */
export function contractions(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => /^(?:examples\/)?sql\/(?:service\/)?migrations\//.test(path))
    .flatMap((source) => contractionsIn(source));
}

function contractionsIn(source: Source): string[] {
  const statements = codeOf(source)
    .split(";")
    .map((statement) => statement.replaceAll(/\s+/g, " ").trim().toLowerCase());
  const made = new Set(
    statements.map((statement) => /^create (?:table|materialized view) (?:if not exists )?([\w.]+)/.exec(statement)?.[1]),
  );
  return statements.flatMap((statement) => {
    const why = CONTRACTIONS.find(([pattern]) => pattern.test(statement))?.[1];
    if (why === undefined || made.has(tableOf(statement) ?? "") || isHarmless(statement)) return [];
    return [`${source.path}: ${statement.slice(0, 80)} (${why})`];
  });
}

/** The table that a statement changes; nobody knows yet one that the same migration makes. */
function tableOf(statement: string): string | undefined {
  return /^(?:alter table (?:only |if exists )*|create unique index .*? on (?:only )?)([\w.]+)/.exec(statement)?.[1];
}

function isHarmless(statement: string): boolean {
  return [...HARMLESS.keys()].some((beginning) => statement.startsWith(beginning));
}
