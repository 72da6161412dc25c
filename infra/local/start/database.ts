import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { checkSchema } from "../../migrate/check-schema.ts";
import { withClient } from "../../migrate/connection.ts";
import { BUNDLES, createLogin, groupOf } from "../../migrate/logins.ts";
import type { Names } from "../../migrate/names.ts";
import { migrate } from "../../migrate/index.ts";
import type { ServiceNames } from "../../migrate/names.ts";
import type { ConnectOptions, Driver } from "../../../shared/db/connect.ts";
import { checkConnectionString } from "../../../shared/db/connection-string.ts";
import { keepPostgres, type KeeperOptions } from "../postgres/keeper.ts";
import { startNeonEndpoint } from "../neon-endpoint.ts";

/** The database that the functions use while `npm start` runs. */
export interface LocalDatabase {
  /** Host and database, without the password. */
  readonly description: string;
  readonly driver: Driver;
  /** The owner's, or what DATABASE_URL is. */
  readonly url: string;
  /** How the function with this bundle connects. */
  connectionOf(bundle: string): ConnectOptions & { readonly url: string };
  close(): Promise<void>;
}

/** What befalls the embedded server while it runs. */
export type DatabaseEvents = Pick<KeeperOptions, "say" | "onRestart" | "onGivenUp">;

/** The database of DATABASE_URL cannot be used as it is. */
export class UnusableDatabaseError extends Error {
  override readonly name = "UnusableDatabaseError";
}

/**
 * The database of DATABASE_URL as it stands. Throws UnusableDatabaseError when it cannot be reached
 * or needs `npm run migrate`, and DatabaseConfigurationError for what is no connection string.
 */
export async function externalDatabase(url: string, driver: Driver, schema?: string): Promise<LocalDatabase> {
  const description = describe(url);
  const state = await checkSchema(url, undefined, schema).catch((error: unknown) => {
    const { code, message } = error as { code?: string; message: string };
    throw new UnusableDatabaseError(`The database ${description} cannot be used: ${message || code}`);
  });
  if (state === "none" || state === "older") {
    const what = state === "none" ? "has no schema of Baton's" : "has an older schema than this code";
    throw new UnusableDatabaseError(`The database ${description} ${what}. Run this as its owner first: DATABASE_URL=… npm run migrate`);
  }
  return { description, driver, url, connectionOf: () => ({ url, driver, schema }), close: async () => undefined };
}

/**
 * A Postgres of this clone's own in `folder`, migrated, with one login for each function; `neon`
 * reaches it through a local endpoint.
 */
export async function embeddedDatabase(folder: string, driver: Driver, own: ServiceNames, events: DatabaseEvents): Promise<LocalDatabase> {
  const server = await keepPostgres({ dataDir: join(folder, "postgres"), fsync: true, ...events });
  try {
    const names = await migrate({ url: server.url, roles: true, ...own });
    const urls = await makeLogins(server.url, names);
    const { schema } = names;
    const endpoint = await startNeonEndpoint({ postgres: { host: "127.0.0.1", port: server.port } });
    return {
      description: `PostgreSQL in ${server.dataDir}, port ${server.port}`,
      driver,
      url: server.url,
      connectionOf: (bundle) => ({ url: urls.get(bundle)!, driver, schema, ...(driver === "neon" && { neonEndpoint: endpoint.url }) }),
      close: async () => {
        await endpoint.close();
        await releaseLeases(server.url, names);
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function makeLogins(adminUrl: string, names: Names): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  for (const bundle of BUNDLES) {
    const login = { name: bundle.replaceAll("-", "_"), password: randomBytes(18).toString("base64url") };
    await createLogin({ url: adminUrl, ...login, memberOf: groupOf(bundle, names) });
    const url = new URL(adminUrl);
    url.username = login.name;
    url.password = login.password;
    urls.set(bundle, url.href);
  }
  return urls;
}

/**
 * The pollers have ended in good order, so the next start need not wait for their leases. Postgres
 * may have ended with them.
 */
async function releaseLeases(adminUrl: string, { schema }: Names): Promise<void> {
  const release = withClient(adminUrl, (client) => client.query(`select ${schema}.release(token) from ${schema}.lease`));
  await release.catch(() => undefined);
}

function describe(url: string): string {
  checkConnectionString(url);
  const { host, pathname } = new URL(url);
  return `${pathname.slice(1) || "postgres"} on ${host}`;
}
