import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UnlawfulFileError } from "./errors.ts";

/** A file of `sql/`, with the hash that tells whether its text changed. */
export interface SqlFile {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

/** A file of `sql/functions/`, with what its header says about privilege. */
export interface FunctionFile extends SqlFile {
  /** `-- grant: baton_producer, baton_operator`: who may execute it besides the engine. */
  readonly grantedTo: readonly string[];
  /** `-- owner: migrator`: as a SECURITY DEFINER function it runs as the owner of the tables. */
  readonly owner: "baton_engine" | "baton_migrator";
}

/** Everything that `migrate` applies. */
export interface SqlFiles {
  readonly migrations: readonly SqlFile[];
  readonly functions: readonly FunctionFile[];
  readonly roles: SqlFile;
  readonly grants: SqlFile;
  /** Drops functions of earlier versions. */
  readonly retired: SqlFile;
  /** One hash for all functions, and one for functions, roles and grants. */
  readonly functionsChecksum: string;
  readonly rolesChecksum: string;
}

/** Numbers from 0100 on are the service's own; those below come with Baton. */
export function isOfBaton(migration: string): boolean {
  return migration < "0100";
}

export const SQL_DIR = fileURLToPath(new URL("../../sql", import.meta.url));

export function readSqlFiles(sqlDir = SQL_DIR): SqlFiles {
  const migrations = readFolder(join(sqlDir, "migrations"));
  const functions = readFolder(join(sqlDir, "functions")).map(withHeader);
  const roles = readSqlFile(join(sqlDir, "roles.sql"));
  const grants = readSqlFile(join(sqlDir, "grants.sql"));
  const retired = readSqlFile(join(sqlDir, "retired.sql"));
  const functionsChecksum = checksum([retired, ...functions].map((file) => `${file.name} ${file.checksum}`).join("\n"));
  const rolesChecksum = checksum([functionsChecksum, roles.checksum, grants.checksum].join("\n"));
  return { migrations, functions, roles, grants, retired, functionsChecksum, rolesChecksum };
}

function readFolder(folder: string): SqlFile[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql"));
  return names.sort().map((name) => readSqlFile(join(folder, name)));
}

function readSqlFile(path: string): SqlFile {
  const text = decode(path).replaceAll("\r\n", "\n");
  return { name: basename(path, ".sql"), text, checksum: checksum(text) };
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
  const header = /^(--.*\n)*/.exec(file.text)?.[0] ?? "";
  const grants = /^-- grant: *(.*)$/m.exec(header)?.[1] ?? "";
  const owner = /^-- owner: migrator$/m.test(header) ? "baton_migrator" : "baton_engine";
  return {
    ...file,
    grantedTo: grants
      .split(",")
      .map((role) => role.trim())
      .filter(Boolean),
    owner,
  };
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
