import { join } from "node:path";
import { checkSchema, migrate } from "../migrate/index.ts";
import { withClient } from "../migrate/connection.ts";
import { placeOf } from "../cli/context.ts";
import { CommandError, EXIT } from "../cli/exit-codes.ts";
import { keepPostgres } from "../local/postgres/keeper.ts";
import { keepPrivate } from "../local/start/private-folder.ts";

/** The database that `dev` works on. */
export interface DevDatabase {
  readonly url: string;
  readonly description: string;
  close(): Promise<void>;
}

/** A database that was given, as it is; or a Postgres of this folder's own, migrated. */
export async function openDevDatabase(folder: string, url: string | undefined, say: (line: string) => void): Promise<DevDatabase> {
  return url ? givenDatabase(url) : ownDatabase(folder, say);
}

async function givenDatabase(url: string): Promise<DevDatabase> {
  const state = await checkSchema(url, undefined, process.env["BATON_SCHEMA"] || undefined).catch((cause: unknown) => {
    const { message, code } = cause as { message: string; code?: string };
    const why = `The database ${placeOf(url)} cannot be used: ${message || code}`;
    throw new CommandError(EXIT.unreachable, `${why}. Without DATABASE_URL and --url, dev has one of its own.`, { cause });
  });
  if (state === "none" || state === "older")
    throw new CommandError(
      EXIT.unhealthy,
      `The schema of ${placeOf(url)} is ${state === "none" ? "missing" : "older than this version"}: run pgbaton migrate, as its owner.`,
    );
  return { url, description: placeOf(url), close: async () => undefined };
}

async function ownDatabase(folder: string, say: (line: string) => void): Promise<DevDatabase> {
  keepPrivate(folder);
  const onGivenUp = (reason: string) => {
    say(reason);
    process.exit(EXIT.failure);
  };
  const server = await keepPostgres({ dataDir: join(folder, "postgres"), fsync: true, say, onRestart: () => undefined, onGivenUp });
  const { schema } = await migrate({ url: server.url, roles: true, schema: process.env["BATON_SCHEMA"] || undefined });
  // What this machine's last poller held when it was killed is nobody's: no other has this
  // database.
  await withClient(server.url, (client) => client.query(`select ${schema}.release(token) from ${schema}.lease`));
  return { url: server.url, description: `PostgreSQL in ${server.dataDir}, port ${server.port}`, close: () => server.stop() };
}
