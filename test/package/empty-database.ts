import { inject } from "vitest";
import { withClient } from "../../infra/migrate/connection.ts";
import { uniqueName, withDatabase } from "../support/cluster.ts";

/** A database that nobody has migrated, as its owner. */
export async function emptyDatabase(): Promise<AsyncDisposable & { readonly url: string }> {
  const { adminUrl } = inject("testServer");
  const name = uniqueName("package");
  await withClient(adminUrl, (client) => client.query(`create database ${name}`));
  return {
    url: withDatabase(adminUrl, name),
    [Symbol.asyncDispose]: async () => void (await withClient(adminUrl, (client) => client.query(`drop database ${name} with (force)`))),
  };
}
