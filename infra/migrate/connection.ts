import pg from "pg";
import { WrongEncodingError } from "./errors.ts";

/** Runs `work` on one connection of its own over TCP, whatever driver the application uses. */
export async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 15_000, application_name: "baton-migrate" });
  // A connection that breaks between two statements is reported by the next one.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Throws WrongEncodingError where the database cannot store every text that JSON can hold. */
export async function requireUtf8(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; encoding: string }>(
    "select current_database() as name, current_setting('server_encoding') as encoding",
  );
  const { name, encoding } = rows[0]!;
  if (encoding !== "UTF8") throw new WrongEncodingError(name, encoding);
}
