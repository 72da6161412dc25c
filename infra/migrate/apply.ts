import type pg from "pg";
import { ChangedMigrationError, EndedTransactionError, RefusedSqlError, RolesRefusedError } from "./errors.ts";
import { refuseEmptyMigration, refuseUnlawfulFile } from "./refuse-file.ts";
import { type FunctionFile, isOfBaton, type SqlFile } from "./sql-files.ts";
import { becomeMigrator, type Deployment, inTurn, locked } from "./turn.ts";

/** All group roles but the migrator's. */
export const GROUPS = "baton_engine, baton_producer, baton_poller, baton_reader, baton_operator, baton_maintainer, baton_archiver";

/** Makes the group roles as the deploying user itself; all other steps run as baton_migrator. */
export async function applyRoles({ client, files }: Deployment): Promise<void> {
  try {
    for (const file of files.roles) await locked(client, () => applyFile(client, file));
  } catch (error) {
    if (error instanceof RefusedSqlError && error.sqlstate === "42501") throw new RolesRefusedError(error.cause as Error);
    throw error;
  }
}

/** Applies the migrations that are missing, each in a transaction that ends with its own row. */
export async function applyMigrations(deployment: Deployment): Promise<void> {
  await inTurn(deployment, () => ensureMigrationTable(deployment.client));
  for (const migration of deployment.files.migrations) {
    const applied = await inTurn(deployment, () => applyMigration(deployment, migration));
    if (applied) deployment.log(`applied ${migration.name}`);
  }
}

/**
 * Says which of the service's own files were applied here and are gone: nothing is undone, and
 * nothing waits for them.
 */
export async function tellOfTheDeleted({ client, files, log }: Deployment): Promise<void> {
  const { rows } = await client.query<{ name: string }>("select name from baton.migration where name ~ '^[0-9]' order by name");
  const deleted = rows.map(({ name }) => name).filter((name) => !isOfBaton(name) && !files.migrations.some((file) => file.name === name));
  if (deleted.length > 0) log(`applied here before and not in this code: ${deleted.join(", ")}; what it made stays as it is`);
}

/**
 * Applies all functions and views, and who may use them, in one transaction, when any of them
 * changed.
 */
export async function applyFunctions(deployment: Deployment): Promise<void> {
  const applied = await inTurn(deployment, async () => {
    if (await isCurrent(deployment)) return false;
    await inOneTransaction(deployment.client, "sql/functions", () => createFunctions(deployment));
    if (deployment.roles) await grantRights(deployment);
    // Postgres lets everybody execute what is new.
    else await deployment.client.query("revoke execute on all functions in schema baton from public");
    await remember(deployment);
    return true;
  });
  const { functions, views } = deployment.files;
  if (applied) deployment.log(`applied ${functions.length} functions and ${views.length} views`);
}

async function ensureMigrationTable(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query("select to_regnamespace('baton') as schema, to_regclass('baton.migration') as migration");
  if (rows[0].schema === null) await client.query("create schema baton");
  if (rows[0].migration !== null) return;
  await client.query(
    "create table baton.migration (name text not null, applied_at timestamptz not null default now(), checksum text not null, " +
      "constraint migration_name primary key (name))",
  );
}

async function applyMigration(deployment: Deployment, migration: SqlFile): Promise<boolean> {
  const { client } = deployment;
  const { file, name, text, checksum } = migration;
  const known = await client.query("select checksum from baton.migration where name = $1", [name]);
  if (known.rows.length > 0) {
    if (known.rows[0].checksum !== checksum) throw new ChangedMigrationError(migration);
    return false;
  }
  refuseEmptyMigration(file, text);
  // What comes after it has made nothing that could be in its way.
  const others = deployment.files.migrations.slice(0, deployment.files.migrations.indexOf(migration));
  await inOneTransaction(client, file, () => applyFile(client, migration, others));
  // The file may have taken another role.
  await becomeMigrator(deployment);
  await client.query("insert into baton.migration (name, checksum) values ($1, $2)", [name, checksum]);
  return true;
}

async function isCurrent({ client, files, roles }: Deployment): Promise<boolean> {
  const { rows } = await client.query("select name, checksum from baton.migration where name in ('functions', 'roles')");
  const known = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  return known.get("functions") === files.functionsChecksum && (!roles || known.get("roles") === files.rolesChecksum);
}

/**
 * Twice: functions call one another in any order, so the bodies are checked only when all are
 * there. Views call functions, and a function may answer with the rows of a view. A view only ever
 * gets more columns, at its end: Postgres refuses any other change of it, and what stands upon it
 * stays.
 */
async function createFunctions({ client, files }: Deployment): Promise<void> {
  await applyFile(client, files.retired);
  await client.query("set local check_function_bodies = off");
  for (const file of files.functions.filter(({ afterViews }) => !afterViews)) await applyFile(client, file);
  for (const file of files.views) await applyFile(client, file);
  await client.query("set local check_function_bodies = on");
  for (const file of files.functions) await applyFile(client, file);
}

/**
 * An owner needs CREATE on the schema at the moment when a function is given to it, and not
 * afterwards.
 */
async function grantRights({ client, files }: Deployment): Promise<void> {
  for (const file of files.grants) await applyFile(client, file);
  await client.query("grant create on schema baton to baton_engine, baton_views");
  for (const statement of await ownerStatements(client, files.functions)) await client.query(statement);
  for (const { name } of files.views) await client.query(`alter view baton.${name} owner to baton_views`);
  await client.query("revoke create on schema baton from baton_engine, baton_views");
  await client.query(`revoke execute on all functions in schema baton from public, ${GROUPS}`);
  await client.query("grant execute on all functions in schema baton to baton_engine");
  for (const { file, name, grantedTo } of files.functions) {
    if (grantedTo.length > 0) await refusable(file, client.query(`grant execute on function baton.${name} to ${grantedTo.join(", ")}`));
  }
  for (const { file, name, grantedTo } of files.views) {
    await client.query(`revoke all on baton.${name} from public, ${GROUPS}`);
    await refusable(file, client.query(`grant select on baton.${name} to ${grantedTo.join(", ")}`));
  }
}

async function ownerStatements(client: pg.ClientBase, functions: readonly FunctionFile[]): Promise<string[]> {
  const owners = new Map(functions.map(({ name, owner }) => [name, owner]));
  const { rows } = await client.query(
    "select proname, oid::regprocedure as signature from pg_proc where pronamespace = 'baton'::regnamespace and prosecdef order by 2",
  );
  return rows.map(({ proname, signature }) => `alter function ${signature} owner to ${owners.get(proname) ?? "baton_engine"}`);
}

async function remember({ client, files, roles }: Deployment): Promise<void> {
  const rows = [["functions", files.functionsChecksum], ...(roles ? [["roles", files.rolesChecksum]] : [])];
  for (const row of rows) {
    await client.query(
      "insert into baton.migration (name, checksum) values ($1, $2) on conflict (name) do update set checksum = excluded.checksum, applied_at = now()",
      row,
    );
  }
}

/** Sends a file as one request; others: what else may have made what is in its way. */
async function applyFile(client: pg.ClientBase, { file, text }: SqlFile, others: readonly SqlFile[] = []): Promise<void> {
  refuseUnlawfulFile(file, text);
  await refusable(file, client.query(text), others);
}

/** Makes sure that the transaction in which files are applied is still the same afterwards. */
async function inOneTransaction(client: pg.ClientBase, files: string, apply: () => Promise<void>): Promise<void> {
  const before = await currentTransaction(client);
  await apply();
  if ((await currentTransaction(client)) !== before) throw new EndedTransactionError(files);
}

async function currentTransaction(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ id: string }>("select pg_current_xact_id()::text as id");
  return rows[0]!.id;
}

async function refusable(file: string, query: Promise<unknown>, others: readonly SqlFile[] = []): Promise<void> {
  try {
    await query;
  } catch (error) {
    throw new RefusedSqlError(file, error, others);
  }
}
