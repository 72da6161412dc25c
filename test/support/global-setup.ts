import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { withClient } from "../../infra/migrate/connection.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import { migrate } from "../../infra/migrate.ts";
import { type Address, type PgBouncer, startPgBouncer } from "./pgbouncer.ts";
import { startCluster, uniqueName, withDatabase } from "./cluster.ts";
import { makeScratchFolder } from "./scratch-folder.ts";

/** The callers of the engine, each with a login of its own; the archiver is a maintainer too. */
export const ROLES = ["producer", "signaller", "poller", "reader", "operator", "maintainer", "archiver"] as const;
export type Role = (typeof ROLES)[number];

/** What every test file needs to know about the shared server. */
export interface TestServer {
  readonly adminUrl: string;
  /**
   * Where the application reaches Postgres: the server itself, or PgBouncer in front of it
   * (BATON_TEST_PGBOUNCER=1).
   */
  readonly address: Address;
  /** A migrated database to clone. */
  readonly template: string;
  /** The name of a role's login is this prefix and the role. */
  readonly loginPrefix: string;
  readonly password: string;
}

type Logins = Omit<TestServer, "address">;

declare module "vitest" {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

/** Starts one Postgres for all test files, with a migrated template database and the logins. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = makeScratchFolder();
  const cluster = await startCluster();
  const { adminUrl } = cluster;
  // For the reporter, which lives in this process too.
  process.env["BATON_TEST_POSTMASTER"] = String(cluster.pid ?? "");
  const logins = {
    adminUrl,
    template: uniqueName("baton_template"),
    loginPrefix: `${uniqueName("baton_test")}_`,
    password: randomBytes(12).toString("hex"),
  };
  let bouncer: PgBouncer | undefined;
  try {
    await prepare(logins);
    if (process.env["BATON_TEST_PGBOUNCER"] === "1") bouncer = await startPgBouncer(addressOf(adminUrl), passwords(logins));
  } catch (error) {
    await cluster.stop({ keepData: false });
    throw error;
  }
  const server = { ...logins, address: bouncer?.address ?? addressOf(adminUrl) };
  project.provide("testServer", server);
  return async () => {
    const kept = await keptDatabases(server);
    const keepData = kept.length > 0 && process.env["BATON_TEST_KEEP"] === "1";
    if (keepData && cluster.dataDir !== undefined)
      console.error(`Kept the databases of failed tests (${kept.join(", ")}) in ${cluster.dataDir}`);
    await bouncer?.stop();
    await cleanUp(server);
    await cluster.stop({ keepData });
    if (keepData) scratch.keep();
    else scratch.remove();
  };
}

function addressOf(url: string): Address {
  const { hostname: host, port } = new URL(url);
  return { host, port: Number(port || 5432) };
}

/** Everybody who logs in through PgBouncer, which has to know their passwords to speak for them. */
function passwords({ adminUrl, loginPrefix, password }: Logins): Map<string, string> {
  const { username, password: ownerPassword } = new URL(adminUrl);
  return new Map([[username, ownerPassword], ...ROLES.map((role) => [loginPrefix + role, password] as const)]);
}

async function prepare(server: Logins): Promise<void> {
  await withClient(server.adminUrl, (client) => client.query(`create database ${server.template}`));
  const url = withDatabase(server.adminUrl, server.template);
  await migrate({ url, roles: true });
  // Where tests keep tables, as a service keeps its own.
  await withClient(url, (client) => client.query("create schema service; grant usage on schema service to baton_poller"));
  for (const role of ROLES) {
    const memberOf = role === "archiver" ? "baton_maintainer" : (`baton_${role}` as const);
    await createLogin({ url: server.adminUrl, name: server.loginPrefix + role, password: server.password, memberOf });
  }
  await withClient(server.adminUrl, (client) => client.query(`grant baton_archiver to ${server.loginPrefix}archiver`));
}

/** The databases that failed test files left for inspection. */
function keptDatabases({ adminUrl, loginPrefix }: Logins): Promise<string[]> {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>("select datname from pg_database where starts_with(datname, $1)", [
      loginPrefix,
    ]);
    return rows.map(({ datname }) => datname);
  });
}

async function cleanUp({ adminUrl, template, loginPrefix }: Logins): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`drop database ${template} with (force)`);
    for (const role of ROLES) await client.query(`drop role ${loginPrefix}${role}`);
  });
}
