import pg from "pg";
import { explainTls, requireTls } from "../../shared/db/tls.ts";
import { WrongEncodingError } from "./errors.ts";

/**
 * Runs `work` on one connection of its own over TCP, whatever driver the application uses, and
 * whatever the database or the login says by default.
 */
export function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  return withClientAsSet(url, async (client) => {
    await asUsual(client);
    return work(client);
  });
}

/** The same, with the settings of the database and the login: to look at them. */
export async function withClientAsSet<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: requireTls(url), connectionTimeoutMillis: 15_000, application_name: "baton-migrate" });
  // A connection that breaks between two statements is reported by the next one.
  client.on("error", () => undefined);
  await client.connect().catch((thrown: unknown) => Promise.reject(explainTls(thrown) as Error));
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Whatever the database or the login says by default, names mean what they usually mean,
 * transactions are READ COMMITTED and may write, and no timeout ends them (PostgreSQL 17 brought
 * that of the whole transaction).
 */
export async function asUsual(client: pg.ClientBase): Promise<void> {
  // First and alone: on a busy machine the look at pg_settings takes longer than a short timeout.
  await client.query("set statement_timeout = 0");
  await client.query(`set search_path = "$user", public; set default_transaction_isolation = 'read committed';
    set default_transaction_read_only = off; set default_transaction_deferrable = off;
    select set_config(name, '0', false) from pg_settings where name in ('transaction_timeout', 'idle_session_timeout')`);
}

/** Throws WrongEncodingError where the database cannot store every text that JSON can hold. */
export async function requireUtf8(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; encoding: string }>(
    "select current_database() as name, current_setting('server_encoding') as encoding",
  );
  const { name, encoding } = rows[0]!;
  if (encoding !== "UTF8") throw new WrongEncodingError(name, encoding);
}
