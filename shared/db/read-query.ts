import { readFileSync } from "node:fs";

/**
 * The text of a file of `sql/queries/`. A bundle has the texts themselves instead:
 * `infra/build/inline-queries.ts` puts them in the place of this module.
 */
export function readQuery(name: string): string {
  return readFileSync(new URL(`../../sql/queries/${name}.sql`, import.meta.url), "utf8");
}
