import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UnlawfulFileError } from "./errors.ts";

/** A file of SQL, with the hash that tells whether its text changed. */
export interface SqlFile {
  /** As messages name it, such as `sql/migrations/0001_run.sql`. */
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/** A file of `sql/views/`, with what its header says about privilege. */
export interface ViewFile extends SqlFile {
  /** `-- grant: baton_producer, baton_operator`: who may read it, or execute it. */
  readonly grantedTo: readonly string[];
}

/** A file of `sql/functions/`, which the engine may execute too. */
export interface FunctionFile extends ViewFile {
  /** `-- needs: views`: its answer is a row of a view, so it is made after them. */
  readonly afterViews: boolean;
  /** `-- owner: migrator`: as a SECURITY DEFINER function it runs as the owner of the tables. */
  readonly owner: "baton_engine" | "baton_migrator";
}

/** Everything that `migrate` applies. */
export interface SqlFiles {
  readonly migrations: readonly SqlFile[];
  readonly functions: readonly FunctionFile[];
  readonly views: readonly ViewFile[];
  /** Baton's, then those of the other folders. */
  readonly roles: readonly SqlFile[];
  readonly grants: readonly SqlFile[];
  /** Drops functions of earlier versions. */
  readonly retired: SqlFile;
  /** One hash for all functions and views, and one for these, roles and grants. */
  readonly functionsChecksum: string;
  readonly rolesChecksum: string;
}

/** Numbers from 0100 on are the service's own; those below come with Baton. */
export function isOfBaton(migration: string): boolean {
  return migration < "0100";
}

/** Where SQL is, and how messages call it. */
interface Folder {
  readonly path: string;
  readonly name: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const SQL_DIR = join(ROOT, "sql");

/**
 * What has tables besides Baton: such a folder may have migrations, and a `roles.sql` and a
 * `grants.sql` that are applied after Baton's, and not without roles. One that is not there has
 * none.
 */
const EXAMPLES: Folder = { path: join(ROOT, "examples/sql"), name: "examples/sql" };

/** The same for what is the service's own; its migrations may stand among Baton's too. */
const serviceFolder = (sqlDir: string): Folder => ({ path: join(sqlDir, "service"), name: "sql/service" });

/** The files of this project; or those of one folder, and of `more` beside it. */
export function readSqlFiles(sqlDir?: string, more = sqlDir === undefined ? [EXAMPLES] : []): SqlFiles {
  const baton = { path: sqlDir ?? SQL_DIR, name: "sql" };
  const others = [...more, serviceFolder(baton.path)];
  const everywhere = (file: string) => [readSqlFile(baton, file), ...others.flatMap((folder) => readIfThere(folder, file))];
  const migrations = inOrder([baton, ...others].flatMap((folder) => readFolder(folder, "migrations")));
  const functions = readFolder(baton, "functions").map(withHeader);
  const views = readFolder(baton, "views").map(withGrants);
  const [roles, grants] = [everywhere("roles.sql"), everywhere("grants.sql")];
  const retired = readSqlFile(baton, "retired.sql");
  const functionsChecksum = checksum([retired, ...functions, ...views].map((file) => `${file.name} ${file.checksum}`).join("\n"));
  const rolesChecksum = checksum([functionsChecksum, ...[...roles, ...grants].map((file) => file.checksum)].join("\n"));
  return { migrations, functions, views, roles, grants, retired, functionsChecksum, rolesChecksum };
}

const NUMBERED = /^\d{4}_/;

/**
 * By number, wherever they come from; what has been applied is known by its name alone. Throws
 * UnlawfulFileError where the numbers do not say which one comes first.
 */
function inOrder(migrations: readonly SqlFile[]): SqlFile[] {
  const sorted = migrations.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const [n, { file, name }] of sorted.entries()) {
    if (!NUMBERED.test(name))
      throw new UnlawfulFileError(
        file,
        "has no number of four digits to be applied by. Name it such as 0101_shop.sql, with the next number",
      );
    const other = sorted[n + 1];
    if (other?.name === name) throw new UnlawfulFileError(file, "has the name of a migration in another folder. Rename one of them");
    if (other?.name.slice(0, 4) === name.slice(0, 4))
      throw new UnlawfulFileError(other.file, `has the number of ${file}. Give the newer one the next number`);
  }
  return sorted;
}

function readFolder(folder: Folder, part: string): SqlFile[] {
  const path = join(folder.path, part);
  if (!existsSync(path)) return [];
  const names = readdirSync(path).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => readSqlFile(folder, `${part}/${name}`));
}

function readIfThere(folder: Folder, file: string): SqlFile[] {
  return existsSync(join(folder.path, file)) ? [readSqlFile(folder, file)] : [];
}

function readSqlFile(folder: Folder, file: string): SqlFile {
  const text = decode(join(folder.path, file)).replaceAll("\r\n", "\n");
  return { file: `${folder.name}/${file}`, name: basename(file, ".sql"), text, checksum: checksum(text) };
}

/**
 * As UTF-8, without the byte order mark that some editors write first: Postgres would take it for a
 * part of the first word.
 */
function decode(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new UnlawfulFileError(path, "is not UTF-8 text. Save it as UTF-8", { cause: error });
  }
}

function withHeader(file: SqlFile): FunctionFile {
  const header = headerOf(file);
  const owner = /^-- owner: migrator$/m.test(header) ? "baton_migrator" : "baton_engine";
  return { ...withGrants(file), owner, afterViews: /^-- needs: views$/m.test(header) };
}

function withGrants(file: SqlFile): ViewFile {
  const grants = /^-- grant: *(.*)$/m.exec(headerOf(file))?.[1] ?? "";
  const grantedTo = grants
    .split(",")
    .map((role) => role.trim())
    .filter(Boolean);
  return { ...file, grantedTo };
}

function headerOf({ text }: SqlFile): string {
  return /^(--.*\n)*/.exec(text)?.[0] ?? "";
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
