import type pg from "pg";
import { ChangedMigrationError, EndedTransactionError, RefusedSqlError, RolesRefusedError } from "./errors.ts";
import { refuseEmptyMigration, refuseUnlawfulFile } from "./refuse-file.ts";
import { rename } from "./names.ts";
import { isOfBaton, type SqlFile } from "./sql-files.ts";
import { becomeMigrator, type Deployment, inTurn, locked } from "./turn.ts";

/** All group roles but the migrator's. */
export const GROUPS =
  "baton_engine, baton_producer, baton_signaller, baton_poller, baton_reader, baton_operator, baton_maintainer, baton_archiver";

/** Makes the group roles as the deploying user itself; all other steps run as baton_migrator. */
export async function applyRoles(deployment: Deployment): Promise<void> {
  try {
    for (const file of deployment.files.roles) await locked(deployment, () => applyFile(deployment, file));
  } catch (error) {
    if (error instanceof RefusedSqlError && error.sqlstate === "42501")
      throw new RolesRefusedError(error.cause as Error, rename("baton_migrator", deployment.names));
    throw error;
  }
}

/** Applies the migrations that are missing, each in a transaction that ends with its own row. */
export async function applyMigrations(deployment: Deployment): Promise<void> {
  await inTurn(deployment, () => ensureMigrationTable(deployment));
  for (const migration of deployment.files.migrations) {
    const applied = await inTurn(deployment, () => applyMigration(deployment, migration));
    if (applied) deployment.log(`applied ${migration.name}`);
  }
}

/**
 * Says which of the service's own files were applied here and are gone: nothing is undone, and
 * nothing waits for them.
 */
export async function tellOfTheDeleted({ send, files, log }: Deployment): Promise<void> {
  const { rows } = await send<{ name: string }>("select name from baton.migration where name ~ '^[0-9]' order by name");
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
    else await deployment.send("revoke execute on all functions in schema baton from public");
    await remember(deployment);
    return true;
  });
  const { functions, views } = deployment.files;
  if (applied) deployment.log(`applied ${functions.length} functions and ${views.length} views`);
}

async function ensureMigrationTable({ send }: Deployment): Promise<void> {
  const { rows } = await send("select to_regnamespace('baton') as schema, to_regclass('baton.migration') as migration");
  if (rows[0]?.schema === null) await send("create schema baton");
  if (rows[0]?.migration !== null) return;
  await send(
    "create table baton.migration (name text not null, applied_at timestamptz not null default now(), checksum text not null, " +
      "constraint migration_name primary key (name))",
  );
}

async function applyMigration(deployment: Deployment, migration: SqlFile): Promise<boolean> {
  const { client, send } = deployment;
  const { file, name, text, checksum } = migration;
  const known = await send<{ checksum: string }>("select checksum from baton.migration where name = $1", [name]);
  if (known.rows.length > 0) {
    if (known.rows[0]?.checksum !== checksum) throw new ChangedMigrationError(migration);
    return false;
  }
  refuseEmptyMigration(file, text);
  // What comes after it has made nothing that could be in its way.
  const others = deployment.files.migrations.slice(0, deployment.files.migrations.indexOf(migration));
  await inOneTransaction(client, file, () => applyFile(deployment, migration, others));
  // The file may have taken another role.
  await becomeMigrator(deployment);
  await send("insert into baton.migration (name, checksum) values ($1, $2)", [name, checksum]);
  return true;
}

async function isCurrent({ send, files, roles }: Deployment): Promise<boolean> {
  const { rows } = await send("select name, checksum from baton.migration where name in ('functions', 'roles')");
  const known = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  return known.get("functions") === files.functionsChecksum && (!roles || known.get("roles") === files.rolesChecksum);
}

/**
 * Twice: functions call one another in any order, so the bodies are checked only when all are
 * there. Views call functions, and a function may answer with the rows of a view. A view only ever
 * gets more columns, at its end: Postgres refuses any other change of it, and what stands upon it
 * stays.
 */
async function createFunctions(deployment: Deployment): Promise<void> {
  const { client, files } = deployment;
  await applyFile(deployment, files.retired);
  await client.query("set local check_function_bodies = off");
  for (const file of files.functions.filter(({ afterViews }) => !afterViews)) await applyFile(deployment, file);
  for (const file of files.views) await applyFile(deployment, file);
  await client.query("set local check_function_bodies = on");
  for (const file of files.functions) await applyFile(deployment, file);
}

/**
 * An owner needs CREATE on the schema at the moment when a function is given to it, and not
 * afterwards.
 */
async function grantRights(deployment: Deployment): Promise<void> {
  const { send, files } = deployment;
  for (const file of files.grants) await applyFile(deployment, file);
  await send("grant create on schema baton to baton_engine, baton_views");
  for (const statement of await ownerStatements(deployment)) await send(statement);
  for (const { name } of files.views) await send(`alter view baton.${name} owner to baton_views`);
  await send("revoke create on schema baton from baton_engine, baton_views");
  await send(`revoke execute on all functions in schema baton from public, ${GROUPS}`);
  await send("grant execute on all functions in schema baton to baton_engine");
  for (const { file, name, grantedTo } of files.functions) {
    if (grantedTo.length > 0) await refusable(file, send(`grant execute on function baton.${name} to ${grantedTo.join(", ")}`));
  }
  for (const { file, name, grantedTo } of files.views) {
    await send(`revoke all on baton.${name} from public, ${GROUPS}`);
    await refusable(file, send(`grant select on baton.${name} to ${grantedTo.join(", ")}`));
  }
}

async function ownerStatements({ send, files }: Deployment): Promise<string[]> {
  const owners = new Map(files.functions.map(({ name, owner }) => [name, owner]));
  const { rows } = await send(
    "select proname, oid::regprocedure as signature from pg_proc where pronamespace = 'baton'::regnamespace and prosecdef order by 2",
  );
  return rows.map(({ proname, signature }) => `alter function ${signature} owner to ${owners.get(proname) ?? "baton_engine"}`);
}

async function remember({ send, files, roles }: Deployment): Promise<void> {
  const rows = [["functions", files.functionsChecksum], ...(roles ? [["roles", files.rolesChecksum]] : [])];
  for (const row of rows) {
    await send(
      "insert into baton.migration (name, checksum) values ($1, $2) on conflict (name) do update set checksum = excluded.checksum, applied_at = now()",
      row,
    );
  }
}

/** Sends a file as one request; others: what else may have made what is in its way. */
async function applyFile({ send }: Deployment, { file, text }: SqlFile, others: readonly SqlFile[] = []): Promise<void> {
  refuseUnlawfulFile(file, text);
  await refusable(file, send(text), others);
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
