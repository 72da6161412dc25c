import { codeOf, type Source } from "./sources.ts";

interface Rule {
  readonly where: RegExp;
  readonly forbids: RegExp;
  readonly because: string;
}

const CLOCK = /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\b/;
const CHANCE = /\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/;
const OUTSIDE = /\bprocess\.|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bfetch\(|\bconsole\./;

const RULES: readonly Rule[] = [
  { where: /^shared\/domain\//, forbids: CLOCK, because: "the domain has no clock: take the time as an argument" },
  { where: /^shared\/domain\//, forbids: CHANCE, because: "the domain leaves nothing to chance: take the random number as an argument" },
  { where: /^shared\/domain\//, forbids: OUTSIDE, because: "the domain reaches nothing outside itself" },
  { where: /^shared\/engine\/(?!ports\.ts)/, forbids: CLOCK, because: "the engine asks its Clock port" },
  { where: /^shared\/engine\//, forbids: /\bMath\.random\b/, because: "the engine asks its poller for chance" },
  { where: /^shared\/db\//, forbids: /\bDate\b/, because: "no Date goes into SQL: only the database's clock is trusted" },
  {
    where: /^sql\/functions\/(?!now\.sql)/,
    forbids:
      /\b(clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\b|\bcurrent_(timestamp|date|time)\b|(?<!baton\.)\bnow\(\)/i,
    because: "the engine's time is baton.now(), taken once",
  },
  {
    where: /^(?:examples\/)?sql\//,
    forbids: /\bin\s*\(\s*select\b[^;]*?\bskip locked\b/i,
    because: "LIMIT … SKIP LOCKED inside IN (…) may take more rows than asked for: use = any (array(…))",
  },
];

/**
 * Every use of a clock, of chance or of the world where there must be none, as
 * `file: what, because`.
 */
export function impurities(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => RULES.filter(({ where }) => where.test(source.path)).flatMap((rule) => broken(rule, source)));
}

function broken({ forbids, because }: Rule, source: Source): string[] {
  const found = forbids.exec(codeOf(source))?.[0];
  return found === undefined ? [] : [`${source.path}: ${found.replaceAll(/\s+/g, " ")}, but ${because}`];
}
