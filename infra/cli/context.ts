import { readFileSync } from "node:fs";
import { connect, type Connected, type Driver } from "../../shared/db/connect.ts";
import { checkConnectionString } from "../../shared/db/connection-string.ts";
import { defaultSchema, requireSchemaName } from "../../shared/db/schema-name.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { sqlWords } from "./sql-words.ts";

/** What every command that speaks to a database takes. */
export interface DatabaseOptions {
  /** Default: DATABASE_URL, or else the database of the `dev` that runs in this folder. */
  readonly url?: string | undefined;
  /** Default: BATON_SCHEMA, or else `baton`. */
  readonly schema?: string | undefined;
}

/**
 * The schema of a command. Throws DatabaseConfigurationError for what is no name of one, and
 * CommandError for a word of SQL.
 */
export function schemaOf({ schema = process.env["BATON_SCHEMA"] || defaultSchema }: DatabaseOptions): string {
  if (sqlWords.has(schema)) throw new CommandError(EXIT.usage, `"${schema}" cannot be the name of a schema: it is a word of SQL.`);
  return requireSchemaName(schema);
}

/** Where `dev` says which database it has, while it runs. */
export const DEV_URL = ".baton/database-url";

/**
 * The connection string of a command, and what it was given by. Throws a sentence where there is
 * none, or where it is none.
 */
export function givenUrl({ url }: DatabaseOptions): { readonly url: string; readonly by: string } {
  const own = process.env["DATABASE_URL"];
  const [text, by] = url !== undefined ? [url, "--url"] : own ? [own, "DATABASE_URL"] : [devUrl(), DEV_URL];
  if (text === undefined)
    throw new CommandError(
      EXIT.usage,
      "Say which database: --url postgresql://…, DATABASE_URL in the environment, or a pgbaton dev in this folder.",
    );
  checkConnectionString(text, by);
  return { url: text, by };
}

/** The connection string of a command alone; throws as `givenUrl` does. */
export function urlOf(options: DatabaseOptions): string {
  return givenUrl(options).url;
}

function devUrl(): string | undefined {
  try {
    return readFileSync(DEV_URL, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Host and database of a connection string, without the login. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${pathname.slice(1) || "postgres"} on ${host}`;
}

/** Opens the database of a command; BATON_DRIVER and BATON_NEON_ENDPOINT hold as for functions. */
export function openDatabase(options: DatabaseOptions): Connected {
  const { BATON_DRIVER: driver, BATON_NEON_ENDPOINT: neonEndpoint } = process.env;
  return connect({
    url: urlOf(options),
    schema: schemaOf(options),
    driver: (driver || undefined) as Driver | undefined,
    neonEndpoint: neonEndpoint || undefined,
  });
}

/** A line for people, apart from what a program reads. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What the command was asked for. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The raw answer of the API, never cut. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/**
 * Lets what changes something go on: with `--yes`, or a yes on a terminal. Throws a sentence
 * otherwise; the database was named before.
 */
export async function confirm(what: string, yes: boolean): Promise<void> {
  tell(what);
  if (yes) return;
  if (!process.stdin.isTTY) throw new CommandError(EXIT.usage, "Nothing was done: say --yes to do it without being asked.");
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const said = await terminal.question("Go on? [y/N] ");
  terminal.close();
  if (!/^y(es)?$/i.test(said.trim())) throw new CommandError(EXIT.interrupted, "Nothing was done.");
}

/** The whole standard input, as text. */
export async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  return text;
}
