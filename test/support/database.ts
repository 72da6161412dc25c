import pg from "pg";
import { afterAll, afterEach, inject } from "vitest";
import { type NeonEndpoint, startNeonEndpoint } from "../../infra/local/neon-endpoint.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { type Driver, connect } from "../../shared/db/connect.ts";
import type { Database } from "../../shared/db/database.ts";
import { type Clock, createClock } from "./clock.ts";
import { countDatabase } from "./cpu/file-cpu.ts";
import { uniqueName, withDatabase } from "./cluster.ts";
import type { Role } from "./global-setup.ts";
import { assertInvariants } from "./invariants.ts";

export type { Role } from "./global-setup.ts";
export type { Driver } from "../../shared/db/connect.ts";

/** Runs one statement as the database's owner and returns its rows. */
export type QueryAsOwner = <Row extends pg.QueryResultRow = pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;

/** A migrated database of one test file's own. */
export interface TestDatabase extends Clock, AsyncDisposable {
  readonly name: string;
  /** The owner's URL for what needs a session: always the server itself, as for migrations. */
  readonly ownerUrl: string;
  /** A Neon endpoint in this process: `neon.inject(plan)` plays faults. */
  readonly neon: NeonEndpoint;
  readonly query: QueryAsOwner;
  /** The engine's own adapter as the owner, through the Neon driver. */
  readonly database: Database;
  /**
   * The URL of a role's login, for `pg` and for the Neon driver; through PgBouncer when the tests
   * run behind it.
   */
  url(role: Role | "owner"): string;
  /**
   * The engine's own adapter, as a role. Default driver: neon, or BATON_TEST_DRIVER. Closed with
   * the database.
   */
  connect(role: Role | "owner", driver?: Driver): Database;
  assertInvariants(): Promise<void>;
}

const defaultDriver: Driver = process.env["BATON_TEST_DRIVER"] === "pg" ? "pg" : "neon";
const open = new Set<TestDatabase>();
let failed = false;

// Registered by the import, once for each test file; hooks run last in, first out, so a file's own
// come before these.
afterEach(({ task }) => {
  failed ||= task.result?.state === "fail";
});
afterAll(() => Promise.all([...open].map((database) => database[Symbol.asyncDispose]())).then(() => undefined));

/**
 * Clones a migrated database, for a whole file or one test; the file's end drops it, or
 * `await using` before.
 *
 * filled: the name of one that `fillDatabase` made, in the place of an empty one.
 * Once a test of the file has failed, databases stay and their names are printed; BATON_TEST_KEEP=1
 * keeps the server's data too.
 */
export async function createTestDatabase(filled?: string): Promise<TestDatabase> {
  const { adminUrl, address, template, loginPrefix, password } = inject("testServer");
  const name = uniqueName(`${loginPrefix}db`);
  countDatabase(name);
  await withClient(adminUrl, (client) => client.query(`create database ${name} template ${filled ?? template}`));
  const ownerUrl = withDatabase(adminUrl, name);
  const neon = await startNeonEndpoint({ postgres: address });
  const owner = ownerPool(ownerUrl);
  const query: QueryAsOwner = async (text, values) => (await owner.query(text, values)).rows;
  const connections: Database[] = [];
  const applicationUrl = Object.assign(new URL(ownerUrl), { hostname: address.host, port: address.port }).href;
  const url = (role: Role | "owner"): string =>
    role === "owner" ? applicationUrl : loginUrl(applicationUrl, loginPrefix + role, password);
  const connectAs = (role: Role | "owner", driver: Driver = defaultDriver): Database => {
    const connection = connect({ url: url(role), driver, neonEndpoint: neon.url });
    connections.push(connection);
    return connection;
  };
  const database: TestDatabase = {
    name,
    ownerUrl,
    neon,
    database: connectAs("owner"),
    query,
    url,
    connect: connectAs,
    assertInvariants: () => assertInvariants(query),
    ...createClock(query),
    [Symbol.asyncDispose]: async () => {
      if (!open.delete(database)) return;
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
      await Promise.all([owner.end(), neon.close()]);
      if (failed) console.error(`A test failed; its database is kept: ${name}`);
      else await withClient(adminUrl, (client) => client.query(`drop database ${name} with (force)`));
    },
  };
  open.add(database);
  return database;
}

/** A database for others to begin as a copy of; nobody is connected to it. */
export interface FilledDatabase extends AsyncDisposable {
  readonly name: string;
}

/** Makes one as the owner, for several tests of a file to clone. */
export async function fillDatabase(fill: (query: QueryAsOwner) => Promise<void>): Promise<FilledDatabase> {
  const { adminUrl, template, loginPrefix } = inject("testServer");
  const name = uniqueName(`${loginPrefix}db`);
  countDatabase(name);
  await withClient(adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  const asAdmin = (text: string) => withClient(adminUrl, (client) => client.query(text)).then(() => undefined);
  await withClient(withDatabase(adminUrl, name), (client) =>
    fill(async (text, values) => (await client.query(text, values)).rows as never),
  );
  return { name, [Symbol.asyncDispose]: () => asAdmin(`drop database ${name} with (force)`) };
}

function ownerPool(url: string): pg.Pool {
  // What a test sets for later sessions of the database is not meant for those that are there.
  const pool = new pg.Pool({ connectionString: url, max: 4, idleTimeoutMillis: 0, allowExitOnIdle: true });
  // Dropping a database ends its sessions; without a listener that would end the test process.
  pool.on("error", () => undefined);
  return pool;
}

function loginUrl(databaseUrl: string, user: string, password: string): string {
  const url = new URL(databaseUrl);
  url.username = user;
  url.password = password;
  return url.href;
}
