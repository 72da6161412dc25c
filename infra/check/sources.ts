import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A source file; path is from the root of the project, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TESTS = new Set(["test", "examples/test"]);
const WRITTEN_BY_TOOLS = new Set(["sql/schema.sql"]);

/** The project's own TypeScript and SQL, with those of the tests or without. */
export function readSources({ root = ROOT, tests = false } = {}): Source[] {
  const found = globSync("{functions,shared,infra,sql,examples,test}/**/*.{ts,sql}", {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|reports)$/.test(path) || (!tests && TESTS.has(path.replaceAll("\\", "/"))),
  });
  return found
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !WRITTEN_BY_TOOLS.has(path))
    .sort()
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));
}

/**
 * The code of a file: comments and the text of string literals are blanked out, so that a rule
 * never trips over prose.
 */
export function codeOf({ path, text }: Source): string {
  if (path.endsWith(".sql")) return text.replaceAll(/--.*|'(?:[^']|'')*'/g, "");
  return text.replaceAll(/\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<![:\\])\/\/.*/g, (found) =>
    found.startsWith("/") ? "" : '""',
  );
}
