import pg from "pg";

/** A migration file was changed after it had been applied. */
export class ChangedMigrationError extends Error {
  override readonly name = "ChangedMigrationError";
  readonly migration: string;

  constructor(migration: string) {
    super(
      `sql/migrations/${migration}.sql was changed after it had been applied here. Restore its text and put the change into a new migration.`,
    );
    this.migration = migration;
  }
}

/** Postgres refused a file of `sql/`. */
export class RefusedSqlError extends Error {
  override readonly name = "RefusedSqlError";
  readonly file: string;
  readonly sqlstate: string | undefined;

  constructor(file: string, cause: unknown) {
    const sqlstate = cause instanceof pg.DatabaseError ? cause.code : undefined;
    super(`${file} was refused: ${(cause as Error).message}${sqlstate === undefined ? "" : ` (${sqlstate})`}`, { cause });
    this.file = file;
    this.sqlstate = sqlstate;
  }
}

/** The deploying user may not make or grant the group roles. */
export class RolesRefusedError extends Error {
  override readonly name = "RolesRefusedError";

  constructor(cause: Error) {
    super(
      `This user may not set up the group roles: ${cause.message}. Migrate as a user with CREATEROLE that owns the database, ` +
        "or as a member of baton_migrator, or without roles: npm run migrate -- --no-roles",
      { cause },
    );
  }
}
