import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

interface PackageFile {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const root = new URL("../../", import.meta.url);

/** The sources behind the doors of the package, for vitest, which knows no package by itself. */
export function doorAliases(): { find: RegExp; replacement: string }[] {
  const { name, exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as PackageFile;
  return Object.entries(exports).flatMap(([door, targets]) => {
    if (typeof targets === "string") return [];
    const replacement = fileURLToPath(new URL(targets["pgbaton-source"]!, root));
    return [{ find: new RegExp(`^${name}${door.slice(1)}$`), replacement }];
  });
}
