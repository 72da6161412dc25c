import pg from "pg";
import { GROUPS } from "./apply.ts";
import { readSqlFiles, type SqlFile, type SqlFiles } from "./sql-files.ts";

/** What to print. */
export interface PrintOptions {
  /** `false`: no roles and no grants. */
  readonly roles: boolean;
  /**
   * Only migrations after this one, such as `0010_retention`; functions and grants are printed
   * whole.
   */
  readonly from?: string | undefined;
}

/** There is no such migration. */
export class UnknownMigrationError extends Error {
  override readonly name = "UnknownMigrationError";
  readonly migration: string;

  constructor(migration: string, known: readonly string[]) {
    super(`There is no migration ${migration}; there are ${known.join(", ")}.`);
    this.migration = migration;
  }
}

/**
 * All that `migrate` does to a database, as one script of SQL, for who runs Flyway or psql; it ends
 * with the rows by which `migrate` knows that it was done. Roles are made first, as the user who
 * runs it.
 *
 * Throws UnknownMigrationError.
 */
export function printMigration({ roles, from }: PrintOptions, files: SqlFiles = readSqlFiles()): string {
  const migrations = migrationsAfter(files, from);
  return [
    "-- Run it in one transaction, as a user who may create roles, or as a member of baton_migrator.",
    ...(roles ? [...texts(files.roles), "set role baton_migrator;"] : []),
    "create schema if not exists baton;",
    "create table if not exists baton.migration (name text not null, applied_at timestamptz not null default now(), checksum text not null,\n  constraint migration_name primary key (name));",
    ...migrations.flatMap((file) => [textOf(file), insertRow(file.name, file.checksum)]),
    ...functionsOf(files),
    ...(roles ? rightsOf(files) : ["revoke execute on all functions in schema baton from public;"]),
    insertRow("functions", files.functionsChecksum),
    ...(roles ? [insertRow("roles", files.rolesChecksum), "reset role;"] : []),
    "select baton.keep_weeks(), baton.keep_months();",
  ].join("\n\n");
}

function migrationsAfter({ migrations }: SqlFiles, from: string | undefined): readonly SqlFile[] {
  if (from === undefined) return migrations;
  const names = migrations.map(({ name }) => name);
  if (!names.includes(from)) throw new UnknownMigrationError(from, names);
  return migrations.slice(names.indexOf(from) + 1);
}

const textOf = ({ file, text }: SqlFile): string => `-- ${file}\n${text.trimEnd()}`;
const texts = (files: readonly SqlFile[]): string[] => files.map(textOf);

function insertRow(name: string, checksum: string): string {
  const [title, sum] = [pg.escapeLiteral(name), pg.escapeLiteral(checksum)];
  return `insert into baton.migration (name, checksum) values (${title}, ${sum})
  on conflict (name) do update set checksum = excluded.checksum, applied_at = now();`;
}

/** As `migrate` applies them: bodies are checked only when all functions and views are there. */
function functionsOf({ retired, functions, views }: SqlFiles): string[] {
  const first = functions.filter(({ afterViews }) => !afterViews);
  return [
    ...texts([retired]),
    "set check_function_bodies = off;",
    ...texts(first),
    ...texts(views),
    "set check_function_bodies = on;",
    ...texts(functions.filter(({ afterViews }) => afterViews)),
  ];
}

/** A function is given to its owner while that may create in the schema, and no longer. */
function rightsOf({ grants, functions, views }: SqlFiles): string[] {
  const migrators = functions.filter(({ owner }) => owner === "baton_migrator").map(({ name }) => pg.escapeLiteral(name));
  return [
    ...texts(grants),
    "grant create on schema baton to baton_engine, baton_views;",
    `do $$
declare
  f record;
begin
  for f in select proname, oid::regprocedure as signature from pg_proc where pronamespace = 'baton'::regnamespace and prosecdef loop
    execute format('alter function %s owner to %I', f.signature,
      case when f.proname = any (array[${migrators.join(", ")}]::name[]) then 'baton_migrator' else 'baton_engine' end);
  end loop;
end
$$;`,
    ...views.map(({ name }) => `alter view baton.${name} owner to baton_views;`),
    "revoke create on schema baton from baton_engine, baton_views;",
    `revoke execute on all functions in schema baton from public, ${GROUPS};`,
    "grant execute on all functions in schema baton to baton_engine;",
    ...functions.flatMap(({ name, grantedTo }) =>
      grantedTo.length === 0 ? [] : [`grant execute on function baton.${name} to ${grantedTo.join(", ")};`],
    ),
    ...views.flatMap(({ name, grantedTo }) => [
      `revoke all on baton.${name} from public, ${GROUPS};`,
      `grant select on baton.${name} to ${grantedTo.join(", ")};`,
    ]),
  ];
}
