import pg from "pg";
import { isGroupRole } from "./names.ts";

/** What cannot run in a transaction, such as `create index concurrently`. */
const NOT_IN_A_TRANSACTION = "25001";
/** A role that is not there. */
const UNKNOWN_OBJECT = "42704";
const WITHOUT_ROLES =
  ". Without roles there are none of Baton's, and a migration runs with them and without. Take the statement out of it and put it into " +
  "sql/service/grants.sql, which --no-roles leaves out.";
/** `create schema` of a name that somebody else has. */
const SCHEMA_EXISTS = "42P06";
const TAKEN = "Take another name in this file, or delete the file together with the code that uses its tables.";
const OUTSIDE =
  ". Each file is applied in a transaction: leave out what cannot be in one, such as concurrently, or run that statement with psql " +
  'first and write it into the migration without concurrently and with "if not exists".';

/** A file of `sql/` and what it holds. */
interface SqlText {
  readonly file: string;
  readonly text: string;
}

/** A migration file was changed after it had been applied. */
export class ChangedMigrationError extends Error {
  override readonly name = "ChangedMigrationError";
  readonly migration: string;

  constructor({ file, name }: { readonly file: string; readonly name: string }) {
    super(`${file} was changed after it had been applied here. Restore its text and put the change into a new migration.`);
    this.migration = name;
  }
}

/**
 * A file of `sql/` holds what cannot be applied as a whole or not at all; nothing of it was sent.
 */
export class UnlawfulFileError extends Error {
  override readonly name = "UnlawfulFileError";
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} ${reason}.`, options);
    this.file = file;
  }
}

/** A file of `sql/` ended the transaction that it was applied in, by a way that nobody foresaw. */
export class EndedTransactionError extends Error {
  override readonly name = "EndedTransactionError";
  readonly file: string;

  constructor(file: string) {
    super(
      `${file} ended the transaction that it was applied in, so a part of it may be stored. It does not count as applied: ` +
        "take out what ends the transaction, look at what it left, and migrate again.",
    );
    this.file = file;
  }
}

/** The database keeps text in another encoding than UTF-8. */
export class WrongEncodingError extends Error {
  override readonly name = "WrongEncodingError";
  readonly encoding: string;

  constructor(database: string, encoding: string) {
    super(
      `The database ${database} has the encoding ${encoding}, in which not every text can be stored. Baton needs UTF8, and the encoding ` +
        "of a database cannot be changed: create another one with encoding 'UTF8' template template0.",
    );
    this.encoding = encoding;
  }
}

function adviceOn(sqlstate: string | undefined, message: string, others: readonly SqlText[]): string {
  if (sqlstate === NOT_IN_A_TRANSACTION) return OUTSIDE;
  if (sqlstate === UNKNOWN_OBJECT && isGroupRole(/^role "(\w+)" does not exist$/.exec(message)?.[1] ?? "")) return WITHOUT_ROLES;
  return sqlstate === SCHEMA_EXISTS ? `. ${makerOf(message, others)}, so it was left as it is. ${TAKEN}` : "";
}

/** What else makes a schema that is there already: another file, such as one that was copied. */
function makerOf(message: string, others: readonly SqlText[]): string {
  const [, name] = /^schema "(\w+)" already exists$/.exec(message) ?? [];
  const making = new RegExp(`\\bcreate\\s+schema\\s+(if\\s+not\\s+exists\\s+)?"?${name}\\b`, "i");
  const other = name === undefined ? undefined : others.find(({ text }) => making.test(text));
  return other === undefined ? "None of this code's other files makes that schema" : `${other.file} makes that schema too`;
}

/** Postgres refused a file of `sql/`. */
export class RefusedSqlError extends Error {
  override readonly name = "RefusedSqlError";
  readonly file: string;
  readonly sqlstate: string | undefined;

  /** others: the other files, of which one may have made what is in the way. */
  constructor(file: string, cause: unknown, others: readonly SqlText[] = []) {
    const sqlstate = cause instanceof pg.DatabaseError ? cause.code : undefined;
    const code = sqlstate === undefined ? "" : ` (${sqlstate})`;
    super(`${file} was refused: ${(cause as Error).message}${code}${adviceOn(sqlstate, (cause as Error).message, others)}`, { cause });
    this.file = file;
    this.sqlstate = sqlstate;
  }
}

/** A schema cannot be Baton's, and was left as it is. */
export class UnusableSchemaError extends Error {
  override readonly name = "UnusableSchemaError";
  readonly schema: string;

  constructor(schema: string, reason: string) {
    super(`The schema ${schema} cannot be taken: ${reason}. Take another one with --schema <name>.`);
    this.schema = schema;
  }
}

/** The deploying user may not make or grant the group roles. */
export class RolesRefusedError extends Error {
  override readonly name = "RolesRefusedError";

  constructor(cause: Error, migrator: string) {
    super(
      `This user may not set up the group roles: ${cause.message}. Migrate as a user with CREATEROLE that owns the database, ` +
        `or as a member of ${migrator}, or without roles, with --no-roles.`,
      { cause },
    );
  }
}

/** The extension that search needs cannot be had here. */
export class SearchRefusedError extends Error {
  override readonly name = "SearchRefusedError";

  /** users: whom the extension must be open to. */
  constructor(cause: Error, users: readonly string[]) {
    super(
      `Search needs the extension pg_trgm, and the database says: ${cause.message}. Have somebody who may run ` +
        '"create extension pg_trgm" in this database, grant usage on its schema to ' +
        `${users.join(" and ")}, and migrate again.`,
      { cause },
    );
  }
}
