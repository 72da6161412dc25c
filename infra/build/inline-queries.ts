import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Plugin } from "esbuild";

/**
 * Puts the texts of `sql/queries/` into the place of the module that reads them from files, without
 * comments and indentation; the marks of optional parts stay.
 */
export function inlineQueries(root: string): Plugin {
  return {
    name: "inline-queries",
    setup(bundler) {
      bundler.onLoad({ filter: /shared[/\\]db[/\\]read-query\.ts$/ }, () => ({
        contents: queriesModule(root),
        loader: "js",
      }));
    },
  };
}

/** The module that has the texts in it. */
export function queriesModule(root: string): string {
  const folder = join(root, "sql/queries");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  const texts = files.map((name) => [basename(name, ".sql"), shorten(readFileSync(join(folder, name), "utf8"))]);
  return `const texts = ${JSON.stringify(Object.fromEntries(texts))}; export const readQuery = (name) => texts[name];`;
}

function shorten(text: string): string {
  return text.replaceAll(/^ *--(?!\?).*\n/gm, "").replaceAll(/^ +/gm, "");
}
