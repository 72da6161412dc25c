import type { Statement } from "./statement.ts";

/** Values for a template, by name; one that is undefined leaves out the part of its name. */
export type TemplateValues = Readonly<Record<string, string | number | undefined>>;

const PART = /^ *--\? (\w+)\n([^]*?)^ *--\?(?:\n|$)/gm;
const VALUE = /(?<![:\w]):([a-z]\w*)/g;

/**
 * A statement from a file of `sql/queries/`, which any editor takes for plain SQL.
 *
 * A line `--? name` begins an optional part and a line `--?` ends it: it stays where the value of
 * that name is given. `:name` is a value; it becomes a parameter, and never a part of the text.
 */
export function fillTemplate(text: string, values: TemplateValues): Statement {
  const kept = text.replaceAll(PART, (_, name: string, part: string) => (values[name] === undefined ? "" : part));
  const names: string[] = [];
  const numbered = withoutComments(kept).replaceAll(VALUE, (_, name: string) => {
    if (values[name] === undefined) throw new TypeError(`The template has no value for :${name}`);
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { text: numbered, values: names.map((name) => values[name]) };
}

/** The names of the optional parts of a template. */
export function partsOf(text: string): string[] {
  return [...text.matchAll(PART)].map(([, name]) => name!);
}

function withoutComments(text: string): string {
  return text.replaceAll(/^ *--.*\n/gm, "");
}
