import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { withClient } from "../../infra/migrate/connection.ts";
import { createLogin } from "../../infra/migrate/logins.ts";
import { migrate } from "../../infra/migrate.ts";
import { startCluster, uniqueName, withDatabase } from "./cluster.ts";

/** The callers of the engine, each with a login of its own. */
export const ROLES = ["producer", "poller", "reader", "operator"] as const;
export type Role = (typeof ROLES)[number];

/** What every test file needs to know about the shared server. */
export interface TestServer {
  readonly adminUrl: string;
  /** A migrated database to clone. */
  readonly template: string;
  /** The name of a role's login is this prefix and the role. */
  readonly loginPrefix: string;
  readonly password: string;
}

declare module "vitest" {
  interface ProvidedContext {
    testServer: TestServer;
  }
}

/** Starts one Postgres for all test files, with a migrated template database and the logins. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  const { adminUrl } = cluster;
  const server = {
    adminUrl,
    template: uniqueName("baton_template"),
    loginPrefix: `${uniqueName("baton_test")}_`,
    password: randomBytes(12).toString("hex"),
  };
  await prepare(server).catch(async (error: unknown) => {
    await cluster.stop({ keepData: false });
    throw error;
  });
  project.provide("testServer", server);
  return async () => {
    const kept = await keptDatabases(server);
    const keepData = kept.length > 0 && process.env["BATON_TEST_KEEP"] === "1";
    if (keepData && cluster.dataDir !== undefined)
      console.error(`Kept the databases of failed tests (${kept.join(", ")}) in ${cluster.dataDir}`);
    await cleanUp(server);
    await cluster.stop({ keepData });
  };
}

async function prepare(server: TestServer): Promise<void> {
  await withClient(server.adminUrl, (client) => client.query(`create database ${server.template}`));
  await migrate({ url: withDatabase(server.adminUrl, server.template), roles: true });
  for (const role of ROLES) {
    await createLogin({ url: server.adminUrl, name: server.loginPrefix + role, password: server.password, memberOf: `baton_${role}` });
  }
}

/** The databases that failed test files left for inspection. */
function keptDatabases({ adminUrl, loginPrefix }: TestServer): Promise<string[]> {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>("select datname from pg_database where starts_with(datname, $1)", [
      loginPrefix,
    ]);
    return rows.map(({ datname }) => datname);
  });
}

async function cleanUp({ adminUrl, template, loginPrefix }: TestServer): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`drop database ${template} with (force)`);
    for (const role of ROLES) await client.query(`drop role ${loginPrefix}${role}`);
  });
}
